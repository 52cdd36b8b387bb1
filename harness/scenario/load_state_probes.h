#pragma once

#include "harness/scenario/map_reader.h"
#include "harness/scenario/profile.h"

namespace faultline {

// `state_probes` and `partial_failures` of a profile: by what its kind of target tells its state,
// and which requests may change it although they fail.
void ReadStateProbes(MapReader& map, Profile& profile);

}  // namespace faultline
