#pragma once

#include <filesystem>

#include "harness/scenario/load_scenario.h"

namespace faultline {

// Everything that is wrong with one file, of the kind that KindOfFile says; of a scenario, with all
// that it refers to. Steps that are linted by themselves are
// checked as far as that goes without the variables of the scenario that includes them. Runs
// nothing and opens no file that the file does not include; whether the programs of its commands
// are there is looked at, and what that merely suggests goes into `warnings`, see CheckCommands.
// Thread-safe.
Diagnostics LintFile(const std::filesystem::path& file, const LoadOptions& options,
                     Diagnostics* warnings = nullptr);

// Every data file at or below `root`, sorted, once: catalogues, profiles, steps, baselines and
// scenarios. Build directories, hidden ones and files of other programs (see IsDataFile) are left
// out; a file is returned as it is.
std::vector<std::filesystem::path> FindDataFiles(const std::filesystem::path& root);

}  // namespace faultline
