#pragma once

#include <string>

#include "harness/run/live_run.h"

namespace faultline {

// Asks the target to end, as its profile says, unless it was asked before: by a step, or by a fault
// at a call. Of one that ends by itself nothing is asked, but from here on its end is expected.
// Returns what went wrong with the profile's stop command, "" when nothing did. Failure (kBadInput)
// by StopTarget when the target then runs on although nothing was made to fail.
std::string AskToStop(LiveRun& run);

// Ends what the steps left alive: the profile's stop signal, unless a step sent it, and the time to
// obey it; a target that outlives that is a hang: its stacks are taken and it is killed. Fills in
// how and when the target ended.
void StopTarget(LiveRun& run);

// Ends a target that is to be started again by `signal` instead, and waits likewise.
void EndBySignal(LiveRun& run, int signal);

}  // namespace faultline
