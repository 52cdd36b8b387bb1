#pragma once

#include "harness/sweep/run_queue.h"
#include "harness/sweep/sweep.h"

// What comes before the visits of a sweep.
namespace faultline {

// What all runs of a sweep of `loaded` have in common, as far as no run has to be made for it.
// Failure (kBadInput) for a mode that the profile does not know.
SweepContext MakeContext(const LoadedScenario& loaded, const SweepOptions& options);

bool Wants(const SweepOptions& options, SweepMode mode);

// Sites, limits and what runs are judged against: from the store, or by fault-free runs, which are
// put there. Completes `context`, and says in `result` what they showed. False when they have
// findings of their own, or were interrupted: then there is nothing to visit. Throws what kept a
// run from being made.
bool Prepare(const SweepOptions& options, Store& store, RunQueue& queue, SweepContext& context,
             SweepProgress& progress, SweepResult& result);

}  // namespace faultline
