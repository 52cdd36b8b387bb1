#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/oracle/fault_free_run.h"
#include "harness/scenario/model.h"
#include "harness/store/store.h"
#include "harness/sweep/run_queue.h"
#include "harness/sweep/selection.h"

namespace faultline {

// Fault-free runs that follow every call to its site, until two in a row reach the same sites, and
// one as the plans' are, for how long things take. census.selection is the caller's.
struct CensusResult {
  Store::Census census;
  FaultFreeRun fault_free;        // what runs with faults are judged against
  std::vector<Finding> findings;  // of fault-free runs: the target fails without any fault
};

inline constexpr int kMostCensusRuns = 5;

// Makes a fault-free run, with all calls recorded if `record_sites`. Nothing: it was interrupted.
using FaultFreeRunner = std::function<std::optional<Evidence>(bool record_sites)>;

// What the census is of; borrowed. The points are the selected ones.
struct CensusSubject {
  const Scenario& scenario;
  const Profile& profile;
  const Catalogue& catalogue;
};

// Nothing when a run was interrupted. `progress` is told each run's number and how many sites it
// reached.
std::optional<CensusResult> TakeCensus(const CensusSubject& subject, const Selection& selection,
                                       const FaultFreeRunner& run,
                                       const std::function<void(int run, size_t sites)>& progress);

// Fault-free runs, `runs` of them, as many at a time as the queue lets. What they show, each
// signature once: the target or the machine fails by itself then, and no injected call is to blame.
std::vector<StoredFinding> RunControls(RunQueue& queue, int runs);

}  // namespace faultline
