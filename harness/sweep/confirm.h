#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/store/status.h"
#include "harness/store/store.h"
#include "harness/sweep/proof_runs.h"
#include "harness/sweep/run_queue.h"
#include "harness/sweep/sweep_plan.h"

namespace faultline {

// Runs each finding that is not yet confirmed again, three times, by the smallest plan that showed
// it (a hang alone: what others take from the target is then no reason). One whose failed call is
// of a derived point is first proven from below, see proof.h; the failure below then stands for it,
// and one whose call never fails needs no more runs. What was assumed is asked again when a plan
// has shown it since whose failure is known to be possible. Then leaves out scenario steps as long
// as the same signature comes, and keeps how reliable the finding is and the scenario file that
// shows it. What does not come each time is looked for without the fault as well. `plans` are all
// of the sweep. A finding for which the budget has no runs left gets its file unminimised, and its
// confirmation when the sweep goes on. `progress` is told each finding as it is known then.
// `knowledge` gets its census when that is needed, and what is learnt.
void ConfirmFindings(const SweepContext& context, Store& store, RunQueue& queue,
                     const std::vector<SweepPlan>& plans, ProofKnowledge& knowledge,
                     const std::function<void(const FindingGroup&)>& progress);

// True when it would make runs.
bool AnyToConfirm(const SweepContext& context, Store& store, const std::vector<SweepPlan>& plans,
                  const ProofKnowledge& knowledge);

}  // namespace faultline
