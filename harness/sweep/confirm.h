#pragma once

#include <functional>
#include <vector>

#include "harness/store/status.h"
#include "harness/store/store.h"
#include "harness/sweep/run_queue.h"
#include "harness/sweep/sweep_plan.h"

namespace faultline {

// Runs each finding that is not yet confirmed again, three times, by the smallest plan that showed
// it (a hang alone: what others take from the target is then no reason); then leaves out scenario
// steps as long as the same signature comes; and keeps how reliable it is and the scenario file
// that shows it. What does not come each time is looked for without the fault as well. `plans` are
// all of the sweep. A finding for which the budget has no runs left gets its file unminimised, and
// its confirmation when the sweep goes on. `progress` is told each finding as it is known then.
void ConfirmFindings(const SweepContext& context, Store& store, RunQueue& queue,
                     const std::vector<SweepPlan>& plans,
                     const std::function<void(const FindingGroup&)>& progress);

}  // namespace faultline
