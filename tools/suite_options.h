#pragma once

#include <string>

#include "tools/command_description.h"

namespace faultline {

// What faultline-suite takes besides GoogleTest's own options: its manual page and --help are made
// of it.
CommandDescription DescribeSuite();

// The text for --help; GoogleTest's own follows it.
std::string SuiteHelp();

}  // namespace faultline
