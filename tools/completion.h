#pragma once

#include <string>

#include "tools/command_description.h"

namespace faultline {

// A script for bash that completes `program`'s commands, options, and the values that are files,
// directories or one of a few words. Works with and without the package bash-completion.
std::string BashCompletion(const CommandDescription& program);

// The same for zsh: a file `_faultline` for a directory of $fpath.
std::string ZshCompletion(const CommandDescription& program);

}  // namespace faultline
