#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/run/snapshot_executor.h"
#include "harness/sweep/run_queue.h"
#include "harness/sweep/sweep_plan.h"

namespace faultline {

// What became of a sweep's snapshots.
struct SnapshotReport {
  int64_t runs = 0;                                // of forked targets
  int64_t carriers = 0;                            // that were forked
  std::map<std::string, SnapshotPool::Cold> cold;  // visits that were made cold, by reason
  int64_t checked = 0;                             // snapshots that were made cold as well
  // Of these, plans whose two runs had another result, or were not judged by the same (LookedAt);
  // with what was different in them.
  std::vector<std::string> differed;
  std::string chosen;    // by what, when it was to be; "" = not, or not yet
  std::string given_up;  // why no more were made; "" = they were
};

// Holds snapshots against cold runs: a sample of those that found nothing (what they find is
// confirmed by cold runs anyway), of each step and outcome. Not only what came of them is compared,
// but also what was looked at: a judge that sees nothing of snapshots finds nothing in them. What
// differs is made cold once more, since targets differ from run to run by themselves. With `choose`
// the first visits are all made both ways, and snapshots are given up when they are not the faster
// way or not the same.
class SnapshotCheck {
 public:
  // `pool` may be nullptr: nothing is checked. Borrowed.
  SnapshotCheck(SnapshotPool* pool, bool choose) : pool_(pool), choose_(choose) {}

  // How many visits there are to be in all, before the first.
  void Expect(size_t visits) { visits_ = visits; }

  // `result` of `plan`, or of the cold run that was made instead to check it.
  RunResult Check(const SweepPlan& plan, RunResult result, RunQueue::Runner& runner);

  SnapshotReport Report() const;

 private:
  bool IsChecked(const SweepPlan& plan, const RunResult& result);
  void Compare(const QueueRequest& request, const RunResult& snapshot, const RunResult& cold,
               RunQueue::Runner& runner);
  void Choose();

  SnapshotPool* pool_;
  bool choose_;
  size_t visits_ = 0;
  int64_t seen_ = 0;                             // snapshots
  std::set<std::string> kinds_;                  // of visits, that were checked
  std::chrono::milliseconds snapshots_took_{0};  // the checked ones, without their carriers' ways
  std::chrono::milliseconds cold_took_{0};
  SnapshotReport report_;
};

// What a visit by a snapshot costs in a sweep of so many, when `checked` of them were seen to take
// `took_ms` beside the `way_ms` of their carriers. One carrier serves all visits; those that had to
// be made anew for the checked ones have to be for the others as well.
struct SnapshotCost {
  double took_ms = 0;
  double way_ms = 0;
  int64_t carriers = 1;
  int64_t checked = 0;
  size_t visits = 0;

  double MsPerVisit() const;
};

// The order in which a carrier meets the calls; those that it is not known to make go last. With
// `choose` the first fifty are taken evenly from all of them. `in_turn`: the plans come in an order
// that matters, and may not all be visited: only so many that follow each other change places as
// are worth a carrier.
void ArrangeForSnapshots(std::vector<SweepPlan>& plans, const std::map<SiteCall, size_t>& order,
                         bool choose, bool in_turn);

}  // namespace faultline
