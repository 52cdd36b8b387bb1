#pragma once

#include <string>

#include "tools/command_description.h"

namespace faultline {

// The manual page of `command` in man(7)'s language: of the program itself when it is `program`,
// else of one of its sub-commands. `version` stands at the foot.
std::string ManPage(const CommandDescription& program, const CommandDescription& command,
                    const std::string& version);

// The page's name without section: "faultline", "faultline-sweep".
std::string ManPageName(const CommandDescription& program, const CommandDescription& command);

}  // namespace faultline
