#pragma once

#include <vector>

#include "harness/scenario/scenario.h"
#include "harness/sweep/yaml_writer.h"

namespace faultline {

// The keys of a command, into the map that is open.
void WriteCommand(YamlWriter& yaml, const CommandStep& step);

// Steps as a scenario file says them, as a list below `key`.
void WriteSteps(YamlWriter& yaml, const char* key, const std::vector<Step>& steps);

}  // namespace faultline
