#pragma once

#include "harness/scenario/scenario.h"
#include "harness/sweep/yaml_writer.h"

namespace faultline {

// What a run is given: resources, limits, commands before it, companions, network.
void WriteSurroundings(YamlWriter& yaml, const Scenario& scenario);

}  // namespace faultline
