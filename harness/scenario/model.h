#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// The data model of everything a user writes: catalogue, profiles, scenarios. Plain values, filled
// by the loaders (load_catalogue.h, load_profile.h, load_scenario.h), which alone know YAML.
// Durations are in milliseconds and say so.
namespace faultline {

// Where a value was written; line and column are 1-based. Printed as file:line:column.
struct SourcePosition {
  std::shared_ptr<const std::string> file;
  int line = 0;
  int column = 0;

  std::string ToString() const;  // "FILE:LINE:COLUMN", or "" when nothing is known
};

// ---- Catalogue -------------------------------------------------------------------------------

// See protocol::PlanCondition for the meaning of each kind.
struct Condition {
  enum class Kind {
    kArgHasBits,
    kArgEquals,
    kArgNotEquals,
    kArgSignedAtMost,
    kFdOnHugetlbfs,
    kPathOnHugetlbfs
  };
  Kind kind = Kind::kArgHasBits;
  int argument = 0;  // 0 to 5
  uint64_t value = 0;
};

// What a forced failure looks like to the caller.
struct FailureValue {
  int64_t result = 0;                          // return value, sign-extended to 64 bits
  int errno_value = 0;                         // 0: errno is not touched
  std::map<std::string, int> error_variables;  // as {"rte_errno": ENOMEM}; names as in
                                               // Catalogue::error_variables
};

struct FaultPoint {
  std::string name;                  // "dpdk/mempool/create"
  std::vector<std::string> symbols;  // every definition of any of them is the point
  std::string module;  // base-name prefix ("libc.so") the symbols must lie in; "" = any
  FailureValue failure;
  std::vector<Condition> when;  // all must hold
  std::string summary;
  SourcePosition position;
};

// A function whose calls build a registry of live objects (journal records of kind kObserved).
struct Observer {
  enum class Event {
    kCreate,     // an object with `key` comes to life
    kDestroy,    // it ends; on an object that is not there: io-device-missing and the like
    kUse,        // it must be alive
    kErrorNote,  // not an object: an error message; a wrapped create during which it comes has
                 // failed
    kUnwind      // not an object: from here on the target gives back what it took
  };
  // When a creation holds.
  enum class Success {
    kByKey,       // key is the result: it is not 0; key is an argument: no error was noted
    kResultZero,  // the function returns 0, as most of C's do
  };
  std::string name;      // "io_device/register"
  std::string registry;  // "io_device"; objects of different registries never meet
  Event event = Event::kCreate;
  std::vector<std::string> symbols;
  std::string module;
  std::optional<int> key_argument;    // 0 to 5; none = the result
  bool key_is_pointee = false;        // the argument is the address of the key
  std::optional<int> label_argument;  // a C string
  bool key_is_label = false;          // objects are known by a number, as ports are
  Success success = Success::kByKey;
  bool essential = false;  // a target that lacks one of these has not succeeded
  bool counted = false;    // each creation of a live object is one more reference to it
  // This observer sees the calls of that one again, as creations of what they return: a function
  // that uses one object and makes another. It has no symbols of its own.
  std::string same_call_as;
  bool wrap = false;    // the result is needed, or failure is known by an error note
  int stack_words = 0;  // stack arguments of the function, in 8-byte words
  std::vector<Condition> when;
  std::vector<std::string> ignore_callers;  // functions whose calls are legitimate repeats
  std::string summary;
  SourcePosition position;
};

// Calls that may fail without anybody being told.
struct BenignFailure {
  std::string point;                 // name of a point, or the beginning of several with a '*'
  std::vector<std::string> callers;  // functions on the stack, any one of them; empty = any
  std::string why;
  SourcePosition position;

  bool Covers(const std::string& point_name) const;
};

struct Catalogue {
  std::vector<FaultPoint> points;     // names are unique
  std::vector<Observer> observers;    // names are unique
  std::vector<std::string> wrappers;  // functions dropped from call stacks ("operator new")
  std::map<std::string, std::string> error_variables;  // "rte_errno" -> "per_lcore__rte_errno"
  std::vector<BenignFailure> benign;

  const FaultPoint* FindPoint(const std::string& name) const;  // nullptr when there is none
};

// A request to the target.
struct RpcCall {
  std::string method;     // "" = none
  nlohmann::json params;  // null = no params
};

// ---- Profile ---------------------------------------------------------------------------------

// How a kind of target is known to be ready, to have crashed in its own words, and so on.
struct ReadyCondition {
  enum class Kind {
    kRpcSocket,  // its RPC socket accepts a connection and answers rpc_method
    kLogLine,    // a line matches log_pattern
    kStarted,    // the process exists; nothing else to wait for
  };
  Kind kind = Kind::kStarted;
  std::string rpc_method;   // "" = connecting is enough
  std::string log_pattern;  // ECMAScript regular expression
};

// Upper bounds; a run uses the smaller of these and the limits calibrated from the fault-free run.
struct LimitsMs {
  int start = 30'000;
  int rpc = 30'000;
  int stop = 15'000;
};

// A line of the target's log that an oracle reads as a fact. `kind` is the kind of finding
// ("io-device-missing", "crash"); group 1 of the pattern, when there is one, is the object's name.
struct LogPattern {
  std::string kind;
  std::string pattern;
  std::string note;
  SourcePosition position;
};

// An abort on purpose, by the line that announces it.
struct DeliberateAbort {
  std::string pattern;
  bool allowed = false;  // this kind of target may end so: then it is no finding
  std::string note = {};
  SourcePosition position = {};
};

struct Profile {
  std::string name;
  std::string summary;
  std::string program;           // default program; a bare name is looked up beside faultline, then
                                 // in PATH; "" = --program or program_variable is needed
  std::string program_variable;  // environment variable that holds the path ("FAULTLINE_SPDK_TGT")
  std::string package;           // Debian package that has the program; "" = none
  // The target's arguments, in this order: args, then one of the two memory lists, the scenario's
  // extra_args, app_args (from "--" on). Each may use ${...}; see load_profile.h for the names.
  std::vector<std::string> args;
  std::vector<std::string> args_with_hugetlbfs;  // when the scenario asks for a hugetlbfs mount
  std::vector<std::string> args_without_hugetlbfs;
  std::vector<std::string> app_args;
  std::vector<std::string> required_args;  // must stand before "--" ("--no-pci")
  std::vector<std::string>
      leftovers;  // globs (${pid}) of files outside the run directory that the
                  // target leaves even after a clean stop; removed after the run
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> variables;  // defaults of ${...}
  bool terminal = false;                         // stdin/stdout/stderr are a pseudo-terminal
  bool rpc = false;                              // speaks JSON-RPC on ${rpc_socket}
  RpcCall stop_rpc;                              // asks it to stop, as stop_signal does
  ReadyCondition ready;
  int stop_signal = 15;
  std::vector<int> clean_exit_codes = {0};  // after the stop, when nothing failed
  LimitsMs limits_ms;
  std::vector<std::string> catalogues;  // file names below scenarios/catalogue/, without .yaml
  SourcePosition catalogues_position;   // where they were named
  std::vector<LogPattern> log_patterns;
  std::vector<DeliberateAbort> deliberate_abort;
  // Patterns of log lines by which the target reports an error to its users. Empty: its log is no
  // report, only answers and exit codes are.
  std::vector<std::string> error_lines;
  SourcePosition position;
};

// ---- Scenario --------------------------------------------------------------------------------

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
};
struct WaitExitStep {
  std::vector<int> expect_exit;  // exit codes; empty = any end but by a signal
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
    kSignal,  // `signal` is sent to the target, and the call goes on
    kRpc,     // the harness sends it a request while the call waits, and waits for no answer
    kDropConnection,  // the harness closes its RPC connection while the call waits
  };
  enum class Phase { kAny, kBeforeMain, kAfterMain };
  std::string id;     // "" = made from the point ("ring-create-1")
  std::string point;  // name in the catalogue
  Action action = Action::kFail;
  int signal = 0;
  RpcCall rpc;  // of kRpc
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

// May the target give up (error answer, non-zero exit), or must it carry on?
enum class Tolerance {
  kMustSucceed,     // the fault-free contract: every step as written, exit code clean
  kMayFailCleanly,  // design.md's contract: carry on, or give up cleanly. The default with faults
};

struct Scenario {
  std::string name;
  std::string summary;
  std::string profile;                           // name of the profile
  std::map<std::string, std::string> variables;  // after --set
  std::vector<std::string> extra_args;           // after the profile's
  std::map<std::string, std::string> environment;
  Resources resources;
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
