#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/run/executor.h"
#include "harness/run/limits.h"
#include "harness/store/store.h"
#include "harness/sweep/selection.h"

namespace faultline {

// Fault-free runs that follow every call to its site, until two in a row reach the same sites, and
// one as the plans' are, for how long things take. census.selection is the caller's.
struct CensusResult {
  Store::Census census;
  FaultFreeRun fault_free;        // what runs with faults are judged against
  std::vector<Finding> findings;  // of fault-free runs: the target breaks its promises by itself
};

inline constexpr int kMostCensusRuns = 5;

// `request` is a fault-free one with the selected points; its limits are upper bounds. `progress`
// is told each run's number and how many sites it reached.
CensusResult TakeCensus(const RunRequest& request, const Selection& selection, Executor& executor,
                        const std::function<void(int run, size_t sites)>& progress);

// One fault-free run, for a store that does not have what they show.
FaultFreeRun RunFaultFree(const RunRequest& request, Executor& executor);

}  // namespace faultline
