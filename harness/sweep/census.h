#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/run/executor.h"
#include "harness/run/limits.h"
#include "harness/store/store.h"
#include "harness/sweep/selection.h"

namespace faultline {

// Fault-free runs until two in a row reach the same sites. census.selection is the caller's.
struct CensusResult {
  Store::Census census;
  Evidence fault_free;            // of the last run: what runs with faults are judged against
  std::vector<Finding> findings;  // of fault-free runs: the target breaks its promises by itself
};

inline constexpr int kMostCensusRuns = 5;

// `request` is a fault-free one with the selected points; its limits are upper bounds. `progress`
// is told each run's number and how many sites it reached.
CensusResult TakeCensus(const RunRequest& request, const Selection& selection, Executor& executor,
                        const std::function<void(int run, size_t sites)>& progress);

// The same without listing the sites anew: one run, to be judged against when a sweep is resumed.
Evidence RunFaultFree(const RunRequest& request, Executor& executor);

std::string CalibrationToJson(const Calibration& calibration);
Calibration CalibrationFromJson(const std::string& text);

}  // namespace faultline
