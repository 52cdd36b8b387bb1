#include "harness/sweep/confirming_cost.h"

#include "harness/store/status.h"
#include "harness/sweep/proof.h"

namespace faultline {
namespace {

// To leave out steps: all behind the fault at once, and some of the others.
constexpr int64_t kMinimisingRuns = 3;
// Of a finding at a derived point: as measured on SPDK, where most have two or three places below.
constexpr int64_t kProofRuns = 4;

}  // namespace

void ConfirmingCost::LeaveOut(const std::string& signature) {
  known_.insert(signature);
  open_.erase(signature);
}

void ConfirmingCost::Add(const SweepPlan& plan, const RunResult& result) {
  for (const StoredFinding& finding : result.run.findings) {
    if (!known_.insert(finding.signature).second) {
      continue;
    }
    Open& open = open_[finding.signature];
    open.site = plan.site.hash;
    open.runs = kConfirmationRuns + kMinimisingRuns +
                (NeedsProof(plan, context_.all_points) ? kProofRuns : 0);
    if (finding.kind == "hang") {
      open.alone = kConfirmationRuns * std::chrono::milliseconds(result.run.duration_ms);
    }
  }
}

void ConfirmingCost::LeaveOutImpossible(const ProofKnowledge& knowledge) {
  std::erase_if(open_, [&](const auto& one) {
    return knowledge.FindImpossible(one.second.site).has_value();
  });
}

int64_t ConfirmingCost::runs() const {
  int64_t runs = 0;
  for (const auto& [signature, open] : open_) {
    runs += open.runs;
  }
  return runs;
}

std::chrono::milliseconds ConfirmingCost::alone() const {
  std::chrono::milliseconds alone{0};
  for (const auto& [signature, open] : open_) {
    alone += open.alone;
  }
  return alone;
}

}  // namespace faultline
