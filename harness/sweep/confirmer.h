#pragma once

#include <string>
#include <vector>

#include "harness/store/status.h"
#include "harness/sweep/proof_runs.h"
#include "harness/sweep/run_queue.h"

namespace faultline {

// A plan that has shown a finding, and in which step it came to light (1-based; 0: not known).
struct Witness {
  const SweepPlan* plan = nullptr;
  int64_t step = 0;
  int64_t duration_ms = 0;         // of that run
  bool in_signal_handler = false;  // it crashed there
  std::string title = {};          // of the finding, as that run has it; "" = not known
};

// What there is to confirm; borrowed.
struct Suspect {
  const FindingGroup& group;
  std::vector<Witness> witnesses;  // the best first; at least one
  const std::vector<StoredSite>& sites;
};

// Finds out how reliable a finding is, whether its failure can happen, and which scenario shows it;
// see ConfirmFindings. `knowledge` has its census when a witness needs a proof. To be called in a
// task of the queue. Its tries are fewer than kConfirmationRuns when no more runs could be made.
Confirmation Confirm(const SweepContext& context, const Suspect& suspect, ProofKnowledge& knowledge,
                     RunQueue::Runner& runner);

}  // namespace faultline
