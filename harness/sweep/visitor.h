#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/store/store.h"
#include "harness/sweep/budget.h"
#include "harness/sweep/crew.h"
#include "harness/sweep/look.h"
#include "harness/sweep/slots.h"
#include "harness/sweep/sweep_plan.h"
#include "harness/sweep/visit.h"

namespace faultline {

// What a sweep has spent so far. Thread-safe.
class Spending {
 public:
  explicit Spending(const Budget& budget) : budget_(budget), begin_(Slots::Clock::now()) {}

  // Takes one run of the budget; false when nothing is left.
  bool TakeRun();
  int64_t runs() const { return runs_; }
  int64_t elapsed_ms() const;

 private:
  const Budget budget_;
  const Slots::Clock::time_point begin_;
  std::atomic<int64_t> runs_ = 0;
};

// Visits plans and puts what comes of them into the store.
class Visitor {
 public:
  using Progress = std::function<void(const StoredRun& run)>;

  // All is borrowed. `progress` is called from any thread, one at a time.
  Visitor(const SweepContext& context, Store& store, Slots& slots, Spending& spending,
          ExecutorFactory make_executor, Progress progress);

  // Visits what the store does not have yet, as far as the budget goes; see KnownHangs. A run that
  // outlives a limit though the machine kept it waiting is believed only when it, or one of the
  // same point with the same findings, hangs again while no other run goes on: such runs wait until
  // the others are done. A run that the harness cannot make (no memory, no free hugepages), or
  // whose target gives up before anything failed, is tried once more at the end; when that fails
  // too it gets no verdict, and is tried again when the sweep goes on. Throws when no run at all
  // could be made.
  void VisitAll(const std::vector<Batch>& batches);

  struct NoVerdict {
    std::string key;
    std::string why;
  };
  const std::vector<NoVerdict>& no_verdicts() const { return no_verdicts_; }

 private:
  struct Doubtful {
    SweepPlan plan;
    Visit visit;       // when `hung`
    bool hung = true;  // false: the run could not be made, or says nothing
  };

  void VisitBatch(const Batch& batch, Executor& executor);
  std::optional<Visit> TryVisit(const SweepPlan& plan, Executor& executor);
  void VisitDoubtful();
  void VisitAlone(const Doubtful& doubtful, std::set<std::string>& proven, Executor& executor);
  // What stands for the other plans of its cause, now that `run` is known.
  static void NoteCause(const StoredRun& run, std::string& stands_for);
  void Keep(const Visit& visit);

  const SweepContext& context_;
  Store& store_;
  Slots& slots_;
  Spending& spending_;
  ExecutorFactory make_executor_;
  Progress progress_;
  KnownHangs known_hangs_;
  std::mutex mutex_;
  std::vector<Doubtful> doubtful_;
  std::vector<NoVerdict> no_verdicts_;
  size_t made_ = 0;  // runs
};

}  // namespace faultline
