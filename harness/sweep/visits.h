#pragma once

#include <exception>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/store/store.h"
#include "harness/sweep/confirming_cost.h"
#include "harness/sweep/early_proofs.h"
#include "harness/sweep/run_queue.h"
#include "harness/sweep/snapshot_check.h"
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

// What visits tell while they go on.
struct VisitProgress {
  std::function<void(const StoredRun& run)> visited;
  std::function<void(size_t plans)> left_out;
};

// Visits plans and puts what comes of them into the store.
class Visits {
 public:
  // All is borrowed. With `knowledge` the first findings of derived points are proven at once, and
  // calls that are seen not to fail are not visited (early_proofs.h); they are among its impossible
  // ones then. nullptr: all are visited. `check` is asked about each result.
  Visits(const SweepContext& context, Store& store, RunQueue& queue, ProofKnowledge* knowledge,
         SnapshotCheck& check, VisitProgress progress);

  // To be visited by Visit; borrowed.
  void Add(const std::vector<Batch>& batches);
  // Visits what the store does not have yet, as far as the budget goes; once more goes on with the
  // rest. A plan that gets no verdict is visited again when the sweep goes on. Throws why when no
  // run at all could be made.
  void Visit();
  size_t left() const { return pending_.size(); }  // batches that were not begun
  // What was found so far has been confirmed, as far as it can be: of a budget no share is kept for
  // it any more.
  void ForgetCost();

 private:
  RunQueue::Task Next();
  void LeaveOutImpossible();
  bool IsLeftOut(const SweepPlan& plan);
  void KeepShare();
  void VisitBatch(const Batch& batch, RunQueue::Runner& runner);
  RunResult VisitPlan(const SweepPlan& plan, RunQueue::Runner& runner);
  void Keep(const StoredRun& run, const std::vector<StoredSite>& new_sites);

  const SweepContext& context_;
  Store& store_;
  RunQueue& queue_;
  ProofKnowledge* const knowledge_;
  SnapshotCheck& check_;
  VisitProgress progress_;
  std::optional<EarlyProofs> early_;
  std::list<const Batch*> pending_;
  std::map<std::string, std::string> stands_for_;  // by cause, the run that does
  KnownHangs known_hangs_;
  ConfirmingCost cost_;
  size_t made_ = 0;  // runs
  std::exception_ptr failure_;
};

}  // namespace faultline
