#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/run/snapshot_executor.h"
#include "harness/sweep/run_queue.h"
#include "harness/sweep/sweep_plan.h"

namespace faultline {

// What became of a sweep's snapshots.
struct SnapshotReport {
  int64_t runs = 0;                     // of forked targets
  std::map<std::string, int64_t> cold;  // visits that were made cold, by reason
  int64_t checked = 0;                  // snapshots that were made cold as well
  std::vector<std::string> differed;    // of these, plans with another result, and both results
  std::string chosen;                   // by what, when it was to be; "" = not, or not yet
  std::string given_up;                 // why no more were made; "" = they were
};

// Holds snapshots against cold runs: a sample of those that found nothing (what they find is
// confirmed by cold runs anyway). With `choose` the first visits are all made both ways, and
// snapshots are given up when they are not the faster way or not the same.
class SnapshotCheck {
 public:
  // `pool` may be nullptr: nothing is checked. Borrowed.
  SnapshotCheck(SnapshotPool* pool, bool choose) : pool_(pool), choose_(choose) {}

  // `result` of `plan`, or of the cold run that was made instead to check it.
  RunResult Check(const SweepPlan& plan, RunResult result, RunQueue::Runner& runner);

  SnapshotReport Report() const;

 private:
  bool IsChecked(const SweepPlan& plan, const RunResult& result) const;
  void Choose();

  SnapshotPool* pool_;
  bool choose_;
  std::chrono::milliseconds snapshots_took_{0};  // the checked ones
  std::chrono::milliseconds cold_took_{0};
  SnapshotReport report_;
};

// The order in which a carrier meets the calls; those that it is not known to make go last. With
// `choose` the first fifty are taken evenly from all of them.
void ArrangeForSnapshots(std::vector<SweepPlan>& plans, const std::map<SiteCall, size_t>& order,
                         bool choose);

}  // namespace faultline
