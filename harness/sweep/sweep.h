#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/scenario/load_scenario.h"
#include "harness/store/store.h"
#include "harness/sweep/budget.h"
#include "harness/sweep/line_coverage.h"
#include "harness/sweep/selection.h"
#include "harness/sweep/shard.h"
#include "harness/sweep/snapshot_check.h"
#include "harness/sweep/sweep_plan.h"
#include "harness/sweep/workers.h"

namespace faultline {

struct SweepOptions {
  std::filesystem::path program;
  std::filesystem::path agent;
  std::filesystem::path cache_dir;
  std::filesystem::path run_root;
  Selection selection;
  std::vector<SweepMode> modes = {SweepMode::kTransient, SweepMode::kPersistent};
  int occurrences = 2;  // calls of a site that are visited, transient and signals
  int jobs = 1;
  // What the executors share when they are SnapshotExecutors; nullptr: they are none. Borrowed.
  SnapshotPool* snapshots = nullptr;
  bool choose_executor = false;  // measure the first visits both ways; see SnapshotCheck
  Shard shard;
  Budget budget;
  std::optional<uint64_t> random_seed;   // sites in random order
  std::optional<LineCoverage> coverage;  // where a target built with --coverage counts its lines
  bool visit_impossible = false;         // also the calls that a sweep saw never to fail
  size_t most_plans = 0;                 // visits so many, taken evenly from all; 0: all
  bool confirm = true;                   // false: what visits find is left as it was seen
  bool dry_run = false;                  // the census and the plans alone: nothing is made to fail
  std::string version;                   // of Faultline, for the record
};

// A plan that a sweep would visit.
struct PlannedVisit {
  std::string key;
  std::string site;  // hash
  std::string point;
};

// What is told while a sweep goes on; one call at a time. This one is silent.
class SweepProgress {
 public:
  virtual ~SweepProgress() = default;
  virtual void CensusRun(int /*run*/, size_t /*sites*/) {}
  // Before the first visit: how many plans there are, and how many of them are done already.
  virtual void Begin(size_t /*plans*/, size_t /*done*/) {}
  virtual void Visited(const StoredRun& /*run*/) {}
  // Plans that are not visited: what they make fail was seen never to fail.
  virtual void LeftOut(size_t /*plans*/) {}
  virtual void Confirmed(const FindingGroup& /*group*/) {}
};

struct SweepResult {
  size_t plans = 0;                        // of this shard, pairs included
  size_t done_before = 0;                  // were in the store already
  size_t remaining = 0;                    // the budget did not reach them
  int64_t runs = 0;                        // made now, confirmations included
  int64_t elapsed_ms = 0;                  // without the census
  int64_t census_ms = 0;                   // 0: it was in the store
  int64_t fault_free_ms = 0;               // of one fault-free run
  std::map<std::string, size_t> outcomes;  // of all runs in the store
  std::vector<PlannedVisit> planned;       // of a dry run: what the store does not have yet
  std::vector<std::string> no_verdicts;    // plans whose runs could not be made, with the reason
  // Plans and findings whose hangs this machine was too busy to judge: even alone the target waited
  // for a CPU most of the time. The plans remain.
  std::vector<std::string> too_busy;
  std::vector<Finding> fault_free_findings;  // then nothing else was done
  // What fault-free runs showed that went on as many at a time as the runs of the sweep do: the
  // target or the machine fails by itself then, and no injected call may be blamed for the same.
  std::vector<StoredFinding> control_findings;
  // Sites with plans that were left out, with the reason: this sweep or an earlier one of this
  // build has seen that nothing makes the call fail.
  std::map<std::string, std::string> impossible;
  std::optional<SnapshotReport> snapshots;  // when there were to be some
  std::vector<std::string> unmatched;       // names of the selection that no site has, told
  bool unchanged = false;  // --changed-since: the scenario reaches nothing that changed
  // No object of the fault-free runs was followed to its end, as when their journal was too small:
  // leaks of objects and lost ones are not judged.
  bool objects_unseen = false;
  std::optional<int> interrupted;  // by this signal: what the store has is told, no more
};

// Takes the census of `loaded`, visits every plan of the shard that `store` does not have, confirms
// what was found. Everything is in the store as soon as it is known. Throws what executors throw,
// but for Interrupted, which ends the sweep early.
SweepResult RunSweep(const LoadedScenario& loaded, const SweepOptions& options, Store& store,
                     const ExecutorFactory& make_executor, SweepProgress& progress);
// The same with the runs made by `workers`.
SweepResult RunSweep(const LoadedScenario& loaded, const SweepOptions& options, Store& store,
                     Workers& workers, SweepProgress& progress);

}  // namespace faultline
