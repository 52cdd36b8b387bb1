#pragma once

#include <vector>

#include "harness/scenario/scenario.h"
#include "harness/scenario/site_place.h"
#include "harness/sweep/yaml_writer.h"

namespace faultline {

// The scenario's faults; nothing where it has none.
void WriteFaults(YamlWriter& yaml, const Scenario& scenario);

// Where the sites of its faults are, for a build that has others; see LoadedScenario.
void WritePlaces(YamlWriter& yaml, const std::vector<SitePlace>& places);

}  // namespace faultline
