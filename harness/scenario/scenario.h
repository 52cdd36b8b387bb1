#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/scenario/profile.h"

// What is done with a target, and what fails meanwhile.
namespace faultline {

// One acceptable outcome of an RPC call.
struct RpcExpectation {
  enum class Kind {
    kResult,    // an answer without error; `value`, when set, must be contained in it
    kError,     // an error answer; code and message when set
    kNoAnswer,  // nothing within the limit
    kGone,      // the connection ended or the target exited before it answered
  };
  Kind kind = Kind::kResult;
  std::optional<nlohmann::json>
      value;  // maps: every named member, lists: each element, scalars: equal
  std::optional<int> code;
  std::string message_pattern;  // "" = any
};

struct WaitReadyStep {};
struct RpcStep {
  std::string method;
  nlohmann::json params;               // null = no params
  std::vector<RpcExpectation> expect;  // any one of them; empty = a result
};
struct ArmStep {
  std::vector<std::string> faults;
};  // ids of Scenario::faults
struct DisarmStep {
  std::vector<std::string> faults;
};
struct SignalStep {
  int signal = 15;
};
struct CommandStep {
  std::vector<std::string> argv;  // run without a shell; a scenario is code
  int expect_exit = 0;
};
struct TerminalStep {
  std::string text;
};  // written to the target's terminal or stdin
struct ExpectLogStep {
  std::string pattern;
  // The line may stay away: once the target has been quiet for a while the step is passed over.
  bool if_it_comes = false;
};
struct WaitExitStep {
  std::vector<int> expect_exit;  // exit codes; empty = any end but by a signal
  // A target that nobody has asked to end is asked now, as its profile says.
  bool ask = false;
};

struct Step {
  std::variant<WaitReadyStep, RpcStep, ArmStep, DisarmStep, SignalStep, CommandStep, TerminalStep,
               ExpectLogStep, WaitExitStep>
      action;
  std::string name;             // "" = made from the action ("rpc framework_start_init")
  std::optional<int> limit_ms;  // instead of the run's limit for such a step
  bool even_if_gone = false;    // run it although the target has ended (commands)
  SourcePosition position;

  std::string Title() const;  // never empty
};

// One fault of the scenario's plan.
struct Fault {
  enum class Action {
    kFail,
    kSignal,          // `signal` is sent to the target, and the call goes on
    kRpc,             // the harness sends it a request while the call waits; its answer comes later
    kDropConnection,  // the harness closes its RPC connection while the call waits
  };
  enum class Phase { kAny, kBeforeMain, kAfterMain };
  std::string id;     // "" = made from the point ("ring-create-1")
  std::string point;  // name in the catalogue
  Action action = Action::kFail;
  int signal = 0;
  RpcCall rpc;                         // of kRpc
  std::vector<RpcExpectation> expect;  // of kRpc; any one of them; empty = a result
  Phase phase = Phase::kAny;
  uint64_t site = 0;  // 0 = any; written as 16 hexadecimal digits
  // "3", "2..", "2..8+2": 1-based, as strace's inject expression. With a site: the occurrence on
  // it.
  uint64_t first = 1;
  uint64_t last = 1;  // UINT64_MAX = persistent
  uint64_t step = 1;
  std::optional<double> probability;  // 0 < p <= 1, with seed
  uint64_t seed = 0;
  std::vector<std::string> callers;  // functions on the stack, any one of them
  bool direct_caller = false;        // the function must be the immediate caller
  std::string from_step;             // armed when that step begins; "" = at the start
  bool armed_at_start = true;        // false when from_step or an arm step arms it
  std::string after;                 // id of a fault; calls count only once that one has happened
  std::optional<int64_t> result;     // instead of the catalogue's failure value
  std::optional<int> errno_value;
  SourcePosition position;
};

// A finding that is known; the regression suite passes when exactly these come.
struct KnownFinding {
  std::string kind;
  std::string pattern;  // of the finding's message; "" = any
  std::string note;     // upstream reference, why
  SourcePosition position;
};

struct Resources {
  std::optional<int> hugetlbfs_mb;  // a hugetlbfs mount of its own, limited to this; ${huge_dir}
  std::optional<int> hugepages_mb;  // free hugepages the run needs on the machine

  // MiB of free hugepages that a run takes; 0 = none.
  int HugepagesMb() const { return std::max(hugetlbfs_mb.value_or(0), hugepages_mb.value_or(0)); }
};

// What a target meets where it is started, other than it usually does.
struct Surroundings {
  std::map<int, uint64_t> limits;       // RLIMIT_*: soft and hard limit, RLIM_INFINITY = none
  std::vector<int> closed_descriptors;  // of 0 to 2
  bool empty_environment = false;       // only what profile and scenario give it
  std::optional<uint64_t> dev_shm;      // bytes: a /dev/shm of its own; needs root
  bool read_only_run_dir = false;       // needs root
};

// May the target give up (error answer, non-zero exit), or must it carry on?
enum class Tolerance {
  kMustSucceed,     // the fault-free contract: every step as written, exit code clean
  kMayFailCleanly,  // design.md's contract: carry on, or give up cleanly. The default with faults
};

struct Scenario {
  std::string name;
  std::string summary;
  std::string profile;                           // name of the profile, or the path of its file
  std::map<std::string, std::string> variables;  // after --set
  std::vector<std::string> extra_args;           // after the profile's, before any "--"
  std::vector<std::string> app_args;             // after the profile's, behind a "--"
  std::map<std::string, std::string> environment;
  // Instead of the profile's. The loader puts it into LoadedScenario::profile; here it is for
  // copies of the scenario.
  EndRules end;
  Resources resources;
  Surroundings surroundings;
  std::vector<CommandStep> prepare;  // run in the run directory before the target starts
  std::vector<Step> steps;
  std::vector<Fault> faults;  // ids are unique
  Tolerance tolerance = Tolerance::kMustSucceed;
  std::vector<KnownFinding> known_findings;
  LimitsMs limits_ms;  // upper bounds, profile's unless set here
  bool limits_set = false;
  std::string file;  // as opened
  SourcePosition position;

  const Fault* FindFault(const std::string& id) const;  // nullptr when there is none
};

}  // namespace faultline
