#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/oracle/fault_free_run.h"
#include "harness/scenario/model.h"

namespace faultline {

// Four times what the fault-free run took and two seconds on top (below that the machine decides,
// not the target), never above `upper`. Time without a CPU does not count: see Patience.
LimitsMs CalibratedLimits(const LimitsMs& upper, const FaultFreeRun& fault_free);

// The same with half a second on top: what outlives these is suspected to hang, no more.
LimitsMs BriefLimits(const LimitsMs& upper, const FaultFreeRun& fault_free);

// The limits of the scenario's targets other than its subject, by name, by one of the rules above.
// `fault_free` is what a run of all of them took; nullptr: the upper bounds, which need no entry.
std::map<std::string, LimitsMs> LimitsOfOthers(const Scenario& scenario,
                                               const FaultFreeRun* fault_free,
                                               LimitsMs (*rule)(const LimitsMs& upper,
                                                                const FaultFreeRun& fault_free));

// What fault-free runs showed, kept below a cache directory, one file per program and scenario.
class FaultFreeCache {
 public:
  // An empty `cache_dir` keeps nothing. Keys: see ProgramKey and ScenarioKey
  // (harness/run/run_keys.h).
  FaultFreeCache(const std::filesystem::path& cache_dir, const std::string& program_key,
                 const std::string& scenario_key);

  // Nothing when there is none, or none that can be read.
  std::optional<FaultFreeRun> Load() const;
  // Failure (kCannotWork) when the cache cannot be written.
  void Store(const FaultFreeRun& run) const;

 private:
  std::filesystem::path file_;  // empty: no cache
};

}  // namespace faultline
