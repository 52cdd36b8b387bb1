#pragma once

#include "harness/store/status.h"
#include "harness/sweep/visitor.h"

namespace faultline {

// Runs each finding that is not yet confirmed again, three times, by the smallest plan that showed
// it; then leaves out scenario steps as long as the same signature comes; and keeps how reliable it
// is and the scenario file that shows it. What does not come each time is looked for without the
// fault as well. `plans` are all of the sweep. A finding for which the budget has no runs left gets
// its file unminimised, and its confirmation when the sweep goes on. `progress` is told each
// finding as it is known then.
void ConfirmFindings(const SweepContext& context, Store& store, Slots& slots, Spending& spending,
                     const ExecutorFactory& make_executor, const std::vector<SweepPlan>& plans,
                     const std::function<void(const FindingGroup&)>& progress);

}  // namespace faultline
