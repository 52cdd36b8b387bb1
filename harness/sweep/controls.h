#pragma once

#include <string>
#include <vector>

#include "harness/sweep/run_queue.h"

// Controls: runs in which nothing is made to fail. What they show is the target's own or the
// machine's, and no injected call is to blame for it.
namespace faultline {

struct ControlRuns {
  int made = 0;            // and judged
  int same_signature = 0;  // of these
  int same_kind = 0;
};

// `runs` controls of `scenario` (nullptr: the sweep's), one after another, to be compared with runs
// that showed a finding of `kind` and `signature` and were `alone` or not. Taken from the budget;
// ends early when that is spent.
ControlRuns RunControls(RunQueue::Runner& runner, const Scenario* scenario, const std::string& kind,
                        const std::string& signature, int runs, bool alone);

// `runs` controls, as many at a time as the queue lets. What they show, each signature once.
std::vector<StoredFinding> RunFirstControls(RunQueue& queue, int runs);

}  // namespace faultline
