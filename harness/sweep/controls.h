#pragma once

#include <vector>

#include "harness/sweep/run_queue.h"

// Controls: runs in which nothing is made to fail. What they show is the target's own or the
// machine's, and no injected call is to blame for it.
namespace faultline {

// `runs` controls, as many at a time as the queue lets. What they show, each signature once.
std::vector<StoredFinding> RunFirstControls(RunQueue& queue, int runs);

}  // namespace faultline
