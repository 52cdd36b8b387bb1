#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace faultline {

// The directory of the shipped data (catalogue/, profiles/, steps/, scenarios): `option` (--data)
// when not empty, else $FAULTLINE_DATA, else `scenarios` beside or above the running program, else
// that of the source tree this was built from. Absolute. Failure (kBadInput) when it lacks
// catalogue/ or profiles/, naming where it was looked for. Thread-safe as long as nobody calls
// setenv.
std::filesystem::path FindDataDir(const std::string& option = "");

// Every scenario file (*.yaml) at or below `root`, sorted; directories named baselines,
// catalogue, profiles, steps and schema hold other data and are left out. A file is returned as it
// is.
std::vector<std::filesystem::path> FindScenarioFiles(const std::filesystem::path& root);

}  // namespace faultline
