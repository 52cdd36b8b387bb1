#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/model.h"
#include "harness/target/interruption.h"

namespace faultline {

struct FaultFreeRun;

// What a program executes that is the target: in its own place (taskset, a script that ends in
// `exec`), or in a child that it waits for (timeout, `unshare --fork`).
struct Executed {
  std::filesystem::path program = {};  // "" = nothing
  bool in_child = false;
  int number =
      1;  // from 1 to 9: of the children that execute it, the one that is the target (`x -t && x`)
  // An earlier run has shown it (ExecutedCache), so that it may be so no more.
  bool is_remembered = false;

  bool empty() const { return program.empty(); }
  bool operator==(const Executed&) const = default;
};

// Everything that one execution needs; borrowed, outlives the call.
struct RunRequest {
  const Scenario& scenario;
  const Profile& profile;
  const Catalogue& catalogue;
  std::filesystem::path program = {};  // resolved, absolute
  // What `program` executes before it is ready, where that is known: what is hooked. Empty: itself,
  // or not known yet.
  Executed executed_program = {};
  std::filesystem::path agent = {};  // libfaultline_agent.so
  std::vector<Fault> faults = {};    // armed in this run; usually the scenario's
  LimitsMs limits_ms = {};           // calibrated or upper bounds
  // Of the scenario's other targets, by name; the scenario's own upper bounds for those that are
  // not in it.
  std::map<std::string, LimitsMs> limits_of_others_ms = {};
  // As executed_program, of the scenario's other targets, by name.
  std::map<std::string, Executed> executed_by_others = {};
  bool record_sites = false;  // a census
  bool observe = true;        // hook the catalogue's observers
  bool note_changes = false;  // RpcExchange::changes; of a fault-free run
  // Borrowed; what requests add there is waited for. nullptr: not known.
  const FaultFreeRun* fault_free = nullptr;
  // A request that is refused must add nothing; of a run of a scenario without faults.
  bool check_refused = false;
  // The state is looked at from this step on (1-based): a fault that hits earlier is not checked.
  int check_from_step = 1;
  // Points of the catalogue whose calls are waited for: Evidence::returns.
  std::vector<std::string> watch_returns = {};
  bool hook_all_points = false;  // also those that no fault names; a census, a benchmark
  bool trace = true;             // false: leave ptrace to a sanitizer that needs it
  bool provisional = false;  // what it shows is made sure of by other runs, see SnapshotExecutor
  // Of a carrier: the control file (protocol/snapshot.h), "" = it is none.
  std::filesystem::path snapshot_control = {};
  bool in_debugger = false;  // gdb stops it at each injected call; there are no time limits
  // `fiu-ctrl` may switch points of a live target, see remote_control.h; all points are hooked.
  bool remote_control = false;
  bool keep_run_dir = false;
  std::filesystem::path run_root = {};  // where run directories are made; "" = $TMPDIR or /tmp
  std::filesystem::path cache_dir = {};
};

// How runs are executed. `cold` starts a fresh process for each; others may follow (design.md).
class Executor {
 public:
  virtual ~Executor() = default;
  // Never leaves a process, mount or file behind, whatever the target does. Throws Failure for what
  // the harness cannot do; all that the target does is evidence.
  virtual Evidence Execute(const RunRequest& request) = 0;
};

// The program whose code is hooked.
const std::filesystem::path& HookedProgram(const RunRequest& request);

// A fresh process per run and target. One object may run several requests, one after another. A
// library that the target loads late and that holds a function to be hooked is met too late in the
// first run that ever sees it; that run is then done again, once, with a plan that knows the
// library. A program that executes another, see Executed, is followed in the same way: the first
// run shows which, and RunRequest::cache_dir remembers it.
class ColdExecutor : public Executor {
 public:
  // `interruption`, when given, ends a run by Interrupted; borrowed.
  explicit ColdExecutor(Interruption* interruption = nullptr) : interruption_(interruption) {}
  Evidence Execute(const RunRequest& request) override;

 private:
  Interruption* interruption_;
};

}  // namespace faultline
