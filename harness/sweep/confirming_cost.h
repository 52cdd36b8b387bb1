#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "harness/sweep/proof_runs.h"
#include "harness/sweep/queue_request.h"

namespace faultline {

// What it will take to confirm the findings of visits, from what these took: an estimate for the
// share of a budget that visits leave.
class ConfirmingCost {
 public:
  // Borrowed.
  explicit ConfirmingCost(const SweepContext& context) : context_(context) {}

  // The finding with `signature` needs no runs any more.
  void LeaveOut(const std::string& signature);
  // The findings of `result`, which is of a visit of `plan`.
  void Add(const SweepPlan& plan, const RunResult& result);
  // Findings of calls that never fail need no more runs.
  void LeaveOutImpossible(const ProofKnowledge& knowledge);
  // All that was added has been confirmed, as far as it can be.
  void Forget() { open_.clear(); }

  // Runs in all.
  int64_t runs() const;
  // For those that go on alone and wait for a timeout, beside what so many usual runs take.
  std::chrono::milliseconds alone() const;

 private:
  struct Open {
    std::string site;  // hash of the failed one
    int64_t runs = 0;
    std::chrono::milliseconds alone{0};
  };

  const SweepContext& context_;
  std::set<std::string> known_;       // signatures
  std::map<std::string, Open> open_;  // by signature
};

}  // namespace faultline
