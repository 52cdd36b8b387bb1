#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/model.h"

namespace faultline {

// What a fault-free run of a scenario took on this machine; in milliseconds.
struct Calibration {
  int64_t start_ms = 0;  // until it was ready
  int64_t rpc_ms = 0;    // the slowest RPC answer
  int64_t stop_ms = 0;
  std::vector<std::string> left_behind;  // as Evidence::left_behind; a clean DPDK exit leaves files
};

Calibration MeasureCalibration(const Evidence& fault_free);

// Four times what the fault-free run took and two seconds on top (below that the machine decides,
// not the target), never above `upper`. Time without a CPU does not count: see Patience.
LimitsMs CalibratedLimits(const LimitsMs& upper, const Calibration& calibration);

// Calibrations kept below a cache directory, one file per program and scenario.
class CalibrationCache {
 public:
  // An empty `cache_dir` keeps nothing. Keys: see ProgramKey and ScenarioKey.
  CalibrationCache(const std::filesystem::path& cache_dir, const std::string& program_key,
                   const std::string& scenario_key);

  // Nothing when there is none, or none that can be read.
  std::optional<Calibration> Load() const;
  // Failure (kCannotWork) when the cache cannot be written.
  void Store(const Calibration& calibration) const;

 private:
  std::filesystem::path file_;  // empty: no cache
};

// Changes whenever something changes that a fault-free run of `scenario` depends on: arguments,
// environment, resources, steps. Faults do not matter.
std::string ScenarioKey(const Scenario& scenario, const Profile& profile);

}  // namespace faultline
