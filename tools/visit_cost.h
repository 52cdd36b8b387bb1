#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/base/console.h"
#include "harness/run/snapshot_pool.h"
#include "harness/sweep/sweep.h"
#include "tools/visit_agreement.h"

namespace faultline {

// CPU time of this process and of all that it has waited for: targets that have ended.
inline double CpuMs() {
  double ms = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage = {};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      ms += static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    }
  }
  return ms;
}

// Of visits by snapshots.
struct VisitCost {
  int64_t visits = 0;
  int64_t snapshots = 0;  // of these, runs of forked targets
  int64_t carriers = 0;
  double ms = 0;  // this and what follows: per visit
  double cpu_ms = 0;
  std::map<std::string, std::vector<double>> ms_by_outcome;  // how long each was there
  double confirming_s = 0;                                   // in all
  int64_t confirming_runs = 0;
  std::map<std::string, SnapshotPool::Cold> cold;  // visits that were made cold, by reason
  VisitAgreement agreement;                        // with the same visits made cold
};

// Notes when the visits begin, and tells how far they are.
class VisitProgress : public SweepProgress {
 public:
  void CensusRun(int run, size_t) override { PrintMessage("fault-free run {}\n", run); }
  void Begin(size_t plans, size_t) override {
    plans_ = plans;
    cpu_ms_ = CpuMs();
  }
  void Visited(const StoredRun& run) override {
    ms_by_outcome_[run.outcome].push_back(static_cast<double>(run.duration_ms));
    ++visits_;
    if (const auto now = std::chrono::steady_clock::now(); now - told_ >= kTellEach) {
      told_ = now;
      PrintMessage("visit {} of {}\n", visits_, plans_);
    }
  }
  double cpu_ms() const { return cpu_ms_; }
  const std::map<std::string, std::vector<double>>& ms_by_outcome() const { return ms_by_outcome_; }

 private:
  static constexpr std::chrono::seconds kTellEach{10};
  size_t plans_ = 0;
  size_t visits_ = 0;
  double cpu_ms_ = 0;
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
  std::map<std::string, std::vector<double>> ms_by_outcome_;
};

}  // namespace faultline
