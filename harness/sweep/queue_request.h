#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/oracle/fault_free_run.h"
#include "harness/oracle/looked_at.h"
#include "harness/scenario/load_scenario.h"
#include "harness/store/records.h"
#include "harness/sweep/nesting.h"
#include "harness/sweep/sweep_plan.h"

namespace faultline {

// What all runs of a sweep have in common. Changes only while no run goes on.
struct SweepContext {
  Scenario scenario;  // without faults and known findings of its own
  Profile profile;
  Catalogue catalogue;   // the selected points only
  Catalogue all_points;  // the profile's whole one
  std::filesystem::path program;
  std::filesystem::path agent;
  std::filesystem::path cache_dir;
  std::filesystem::path run_root;
  int life = 0;                                         // Selection::life
  LimitsMs limits_ms;                                   // CalibratedLimits
  LimitsMs brief_limits_ms;                             // BriefLimits
  std::map<std::string, LimitsMs> limits_of_others_ms;  // LimitsOfOthers
  std::map<std::string, LimitsMs> brief_limits_of_others_ms;
  FaultFreeRun fault_free;  // what runs are judged against
  Nested nested = Nested::kOutermost;
  bool find_new_sites = false;        // record all calls, for pairs
  std::set<std::string> known_sites;  // hashes of the fault-free ones
  std::string shard;                  // for the records
};

// How long a run may take. Most runs that time out hang for good, many show the same hang, and each
// costs what its timeouts are: so they are brief where waiting longer would bring nothing new.
enum class Timeout {
  kBrief,  // SweepContext::brief_limits_ms: what exceeds these may hang, no more
  kFull,   // SweepContext::limits_ms
  kUpper,  // the scenario's own, which nothing was measured for yet
};

// What is known about a hang that a run shows.
enum class HangProof {
  kNone,
  kFull,   // a run with full timeouts has shown it
  kAlone,  // a run that was alone has shown it at the same fault point
};

struct RunResult;

// A run that is wanted. Pointers are borrowed until the result is there.
struct QueueRequest {
  // What the run is made for decides what it may spend.
  enum class Purpose {
    kCensus,   // free
    kVisit,    // not what the budget keeps for confirming
    kConfirm,  // all of the budget
  };

  Purpose purpose = Purpose::kVisit;
  const Scenario* scenario = nullptr;  // nullptr: the sweep's
  const SweepPlan* plan = nullptr;     // nullptr: nothing is made to fail, a control
  Timeout timeout = Timeout::kBrief;
  bool alone = false;  // no other run of this sweep goes on meanwhile
  bool cold = false;   // never from a snapshot; what confirms, or has full timeouts, never is
  int retries = 1;     // when no run could be made, or the target gave up before any fault
  bool record_sites = false;
  const Catalogue* catalogue = nullptr;    // nullptr: the sweep's, of the selected points
  std::vector<std::string> watch_returns;  // RunRequest::watch_returns
  // How long it takes, as far as earlier runs tell; 0: as long as usual. What would outlast the
  // budget is not begun.
  std::chrono::milliseconds expected{0};
  bool keep_evidence = false;  // it comes with the result, and is judged by whoever asked
  // What is known of the hang in a result; empty: nothing.
  std::function<HangProof(const RunResult&)> proof_of;

  std::string label() const { return plan == nullptr ? "fault-free" : plan->key; }
};

// What came of a request.
struct RunResult {
  enum class Status {
    kMade,       // all else holds
    kNoVerdict,  // no run could be made, or it says nothing about the plan; see `why`
    kTooBusy,    // it timed out, alone, and the machine had not given the target its time
    kNoBudget,   // nothing was run: the budget is spent
    kCancelled,  // nothing is run any more; whoever asked for it returns
  };
  Status status = Status::kMade;
  std::string why;
  std::exception_ptr failure;      // a Failure that kept the run from being made
  std::exception_ptr error;        // anything else that was thrown; nobody can go on after it
  std::optional<int> interrupted;  // by this signal

  Timeout timeout = Timeout::kBrief;  // that it had,
  bool alone = false;                 // and whether it was
  StoredRun run;
  std::vector<StoredSite> new_sites;  // first seen after the fault; with find_new_sites
  bool hung = false;                  // it exceeded a timeout
  bool starved = false;  // it hung, and waited for a CPU so long that it may have had less time
                         // than the timeout: believed only when it hangs alone as well
  // How the target gave up although nothing was made to fail; "" when it did not. That is no word
  // about the site: the machine lacked something.
  std::string failed_by_itself;
  std::vector<WatchedReturn> returns;  // of the points in watch_returns
  ExitStatus exit;
  bool from_snapshot = false;         // provisional, see SnapshotExecutor
  LookedAt looked_at;                 // of a visit; by what its outcome was judged
  std::chrono::milliseconds took{0};  // from its begin until it was judged
  bool asked_to_stop = false;         // a stop signal or request was sent to it
  bool cut_off = false;               // so, and it died of another: it backed out no further
  bool before_main_crash = false;     // a signal ended it before main was reached
  std::optional<Evidence> evidence;   // when asked for

  bool made() const { return status == Status::kMade; }
  bool Shows(const std::string& signature) const;
};

}  // namespace faultline
