#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/scenario/data_path.h"

namespace faultline {

// Where data is found by name, the first place that has it first: `options` (--data, in the order
// given), the directories of $FAULTLINE_DATA (a path list, with ':' between them),
// $XDG_CONFIG_HOME/faultline or ~/.config/faultline where that is there, and the data that came
// with Faultline: `scenarios` beside or above the running program, else that of the source tree
// this was built from. Failure (kBadInput) for an option or an entry of the variable that is no
// directory with data in it, and when there is no data at all, naming where it was looked for.
// Thread-safe as long as nobody calls setenv.
DataPath FindData(const std::vector<std::string>& options = {});

// Every scenario file (*.yaml) at or below `root`, sorted; directories named baselines,
// catalogue, profiles, steps and schema hold other data and are left out, and so are files that are
// no scenarios by their keys. A file is returned as it is.
std::vector<std::filesystem::path> FindScenarioFiles(const std::filesystem::path& root);

}  // namespace faultline
