#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/run/executor.h"
#include "harness/run/limits.h"
#include "harness/scenario/load_scenario.h"
#include "harness/store/records.h"
#include "harness/sweep/nesting.h"
#include "harness/sweep/sweep_plan.h"

namespace faultline {

// What all runs of a sweep have in common. Immutable while runs go on.
struct SweepContext {
  Scenario scenario;  // without faults and known findings of its own
  Profile profile;
  Catalogue catalogue;  // the selected points only
  std::filesystem::path program;
  std::filesystem::path agent;
  std::filesystem::path cache_dir;
  std::filesystem::path run_root;
  LimitsMs limits_ms;        // CalibratedLimits
  LimitsMs brief_limits_ms;  // BriefLimits
  FaultFreeRun fault_free;   // what runs are judged against
  Nested nested = Nested::kOutermost;
  bool find_new_sites = false;        // record all calls, for pairs
  std::set<std::string> known_sites;  // hashes of the fault-free ones
  std::string shard;                  // for the records
};

// A run of a plan, judged.
struct Visit {
  StoredRun run;
  std::vector<StoredSite> new_sites;  // first seen after the fault; with find_new_sites
  bool hung = false;                  // it outlived a limit
  bool starved = false;  // it hung, and waited for a CPU so long that it may have had less time
                         // than the limit: to be believed only when it hangs alone as well
  // How the target gave up although nothing was made to fail; "" when it did not. That is no word
  // about the site: the machine lacked something.
  std::string failed_by_itself;
  bool before_main_crash = false;  // a signal ended it before main was reached
};

// Executes `plan` in `scenario` (context.scenario, or one with fewer steps) within `limits_ms` and
// judges the run. Throws what the executor throws.
Visit VisitPlan(const SweepContext& context, const Scenario& scenario, const SweepPlan& plan,
                const LimitsMs& limits_ms, Executor& executor);

// The record of a run that was not made: `plan` is taken to do as the run `stands_for` did.
StoredRun AlikeRun(const SweepPlan& plan, const std::string& stands_for,
                   const SweepContext& context);

// True when `scenario` goes as written as long as nothing is made to fail. Throws what the executor
// throws.
bool WorksWithoutFaults(const SweepContext& context, const Scenario& scenario, Executor& executor);

}  // namespace faultline
