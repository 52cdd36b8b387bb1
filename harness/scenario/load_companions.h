#pragma once

#include <vector>

#include "harness/scenario/map_reader.h"
#include "harness/scenario/scenario.h"

namespace faultline {

// `companions` of a scenario, as scenarios/README.md has them. Whether a step starts them is for
// CheckReferences to say.
std::vector<Companion> ReadCompanions(MapReader& scenario);

}  // namespace faultline
