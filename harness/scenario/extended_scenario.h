#pragma once

#include <filesystem>

#include "harness/scenario/data_path.h"
#include "harness/scenario/diagnostics.h"
#include "harness/scenario/yaml_value.h"

namespace faultline {

// The scenario in `file`, read as `root`, with the keys that the scenario which it `extends` has
// and it has not; `variables` and `sweeps` are joined name by name. Scenarios extend each other in
// chains. The result has no `extends`. What cannot be found, or extends itself, is told to
// `diagnostics`, and `root` is returned as it is.
YamlPtr WithExtendedScenario(const YamlPtr& root, const std::filesystem::path& file,
                             const DataPath& data, Diagnostics& diagnostics);

}  // namespace faultline
