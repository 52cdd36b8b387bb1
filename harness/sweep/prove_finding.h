#pragma once

#include <optional>

#include "harness/sweep/proof_runs.h"
#include "harness/sweep/run_queue.h"

// The runs that a proof from below needs, asked for at a RunQueue.
namespace faultline {

// Sets the census of `knowledge`: the sites of all leaf and state points, whatever was selected, in
// a run of its own; that is cheaper than to follow them in each run of a sweep, most of which need
// none. False when it was interrupted. Throws what kept the run from being made.
bool TakeCensusBelow(const SweepContext& context, ProofKnowledge& knowledge,
                     RunQueue::Runner& runner);

// `scenario` up to `step` (1-based; 0: all of it): what comes behind a finding hardly matters.
Scenario UpToStep(const Scenario& scenario, int64_t step);

// ProveFromBelow by runs of `scenario`, in which `plan` shows `finding`; the same question again
// costs no run. `knowledge` has its census; of a pair what lies below the second call is only
// reached once the first has failed, and is found by a run of its own.
std::optional<ProofOutcome> ProveFinding(const SweepContext& context, const Scenario& scenario,
                                         const SweepPlan& plan, const FindingGroup& finding,
                                         ProofKnowledge& knowledge, RunQueue::Runner& runner);

}  // namespace faultline
