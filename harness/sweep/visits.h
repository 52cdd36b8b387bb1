#pragma once

#include <exception>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/store/store.h"
#include "harness/sweep/run_queue.h"
#include "harness/sweep/sweep_plan.h"

namespace faultline {

// Hangs that full timeouts have proven, so that others like them need no more than a brief one.
class KnownHangs {
 public:
  // Alike are hangs of one mode with the same findings; one that ran alone only proves those at
  // the same fault point.
  HangProof ProofOf(const RunResult& result, const std::string& point) const;
  // `result` was believed.
  void Learn(const RunResult& result, const std::string& point);

 private:
  std::set<std::string> full_;
  std::set<std::pair<std::string, std::string>> alone_;  // point and what was shown
};

// Visits plans and puts what comes of them into the store.
class Visits {
 public:
  using Progress = std::function<void(const StoredRun& run)>;

  // All is borrowed.
  Visits(const SweepContext& context, Store& store, RunQueue& queue, Progress progress);

  // Visits what the store does not have yet, as far as the budget goes. A plan that gets no verdict
  // is visited again when the sweep goes on. Throws why when no run at all could be made.
  void VisitAll(const std::vector<Batch>& batches);

 private:
  void VisitBatch(const Batch& batch, RunQueue::Runner& runner);
  RunResult Visit(const SweepPlan& plan, RunQueue::Runner& runner);
  void Keep(const StoredRun& run, const std::vector<StoredSite>& new_sites);

  const SweepContext& context_;
  Store& store_;
  RunQueue& queue_;
  Progress progress_;
  KnownHangs known_hangs_;
  std::set<std::string> unconfirmed_;  // signatures
  std::set<std::string> confirmed_;
  size_t made_ = 0;  // runs
  std::exception_ptr failure_;
};

}  // namespace faultline
