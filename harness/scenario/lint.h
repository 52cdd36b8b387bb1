#pragma once

#include <filesystem>

#include "harness/scenario/load_scenario.h"

namespace faultline {

// Everything that is wrong with one file: a catalogue, profile or steps file when its directory is
// called so, else a scenario (with all that it refers to). Steps that are linted by themselves are
// checked as far as that goes without the variables of the scenario that includes them. Runs
// nothing and follows no path that the file does not include. Thread-safe.
Diagnostics LintFile(const std::filesystem::path& file, const LoadOptions& options);

// Every data file at or below `root`, sorted: catalogues, profiles, steps and scenarios.
std::vector<std::filesystem::path> FindDataFiles(const std::filesystem::path& root);

}  // namespace faultline
