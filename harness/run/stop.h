#pragma once

#include "harness/run/live_run.h"

namespace faultline {

// Ends what the steps left alive: the profile's stop signal, unless a step sent it, and the time to
// obey it; a target that outlives that is a hang: its stacks are taken and it is killed. Fills in
// how and when the target ended.
void StopTarget(LiveRun& run);

}  // namespace faultline
