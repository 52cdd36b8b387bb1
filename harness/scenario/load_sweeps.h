#pragma once

#include <map>
#include <string>

#include "harness/scenario/map_reader.h"
#include "harness/scenario/profile.h"

namespace faultline {

// `sweeps` of a profile or a scenario: by name what a sweep looks at. A definition replaces one of
// the same name that is there already.
void ReadSweeps(MapReader& map, std::map<std::string, SweepDefinition>& sweeps);

}  // namespace faultline
