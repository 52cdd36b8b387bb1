#pragma once

#include <vector>

#include "harness/evidence/target_state.h"

namespace faultline {

// `changes` of the state beside a request, without what may be the end of something earlier: what
// goes, and counts that fall, of probes whose things come and go by themselves
// (StateProbe::promised is false). A poller that waits for a device a while longer than the answer
// takes is there before the next request, and gone after it.
std::vector<StateChange> WithoutEnds(std::vector<StateChange> changes,
                                     const std::vector<StateProbe>& probes);

}  // namespace faultline
