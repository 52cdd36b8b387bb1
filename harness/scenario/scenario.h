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

#include "harness/scenario/catalogue.h"
#include "harness/scenario/profile.h"

// What is done with a target, and what fails meanwhile.
namespace faultline {

// A test of one value inside an answer, or of its length.
struct ValueTest {
  enum class Kind {
    kEquals,
    kNotEquals,
    kAbove,  // numbers only, as the three below
    kBelow,
    kAtLeast,
    kAtMost,
    kMatches,   // `value` is a pattern (RE2); a number or boolean is matched as it is written
    kContains,  // a list with such an element, or a text with this part
    kLacks,     // the reverse; what is not there lacks everything
    kAbsent,    // there is nothing at the path
    kPresent,
  };
  // "0.name": members of objects and indexes of lists, with dots between them; "/0/name": a JSON
  // Pointer (RFC 6901); ".": the whole answer.
  std::string path = ".";
  Kind kind = Kind::kPresent;
  nlohmann::json value = nullptr;
  bool of_length = false;  // elements of a list, members of an object, bytes of a text
};

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
  std::string message_pattern;        // "" = any
  std::vector<ValueTest> where = {};  // of a result: all of them must hold
};

struct WaitReadyStep {};
// Counts what is open and alive. Each time that a step of the same name is done there must be no
// more of anything than at the time before, but for the first.
struct ExpectFlatStep {
  std::string name;
};
struct RpcStep {
  std::string method;
  nlohmann::json params;                         // null = no params
  std::vector<RpcExpectation> expect;            // any one of them; empty = a result
  std::map<std::string, std::string> save = {};  // name of a variable -> ValueTest::path
  std::vector<RpcExpectation> until = {};        // asked again until the answer is one of them
  std::string connection = {};                   // "" = the one that all share who name none
  bool no_wait = false;                          // an AnswerStep takes the answer, or nobody does
};
// Several requests in one write; each answer is judged as that of a step of its own.
struct PipelineStep {
  std::vector<RpcStep> requests;
  std::string connection = {};
};
// Bytes as they are, over an RPC connection. An answer whose id is none of a request that waits for
// one is taken for the answer to the oldest of them.
struct RawStep {
  std::string bytes;
  std::string connection = {};
  std::vector<RpcExpectation> expect = {};       // empty = nobody waits for an answer
  std::map<std::string, std::string> save = {};  // as in RpcStep
};
// Waits for the answer to an earlier step.
struct AnswerStep {
  std::string step;  // name of an RpcStep with no_wait, or of a RawStep
  std::vector<RpcExpectation> expect = {};
  std::map<std::string, std::string> save = {};
};
struct DisconnectStep {
  std::string connection;  // "" = the one that has no name
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
  std::vector<std::string> argv;       // run without a shell; a scenario is code
  std::vector<int> expect_exit = {0};  // any one of them
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
// Nothing but time passes. The only step that sleeps, and it says why it must.
struct WaitStep {
  int duration_ms = 0;
  std::string reason;
};
struct ExpectAbsentStep {
  std::vector<std::string> patterns;  // globs of files that must not be there
};
struct ExpectNoLogStep {
  std::string pattern;  // no line has it, from the last TerminalStep on
};
struct ExpectOpenFilesStep {
  std::string pattern;           // of what a descriptor leads to ("^socket:"); "" = all
  std::vector<ValueTest> count;  // how many there are; `path` means nothing here
};
// Ends the target, if it has not ended, and starts it again with what it left: run directory,
// hugetlbfs mount, file prefix.
struct RestartStep {
  std::optional<int> signal;  // how it is ended; none: as its profile says
  // Written as `start`: of a target that is not started at the beginning.
  bool is_start = false;
};
struct StartCompanionStep {
  std::vector<std::string> companions;  // names in Scenario::companions
};
struct StopCompanionStep {
  std::vector<std::string> companions;
};

// May the target give up (error answer, non-zero exit), or must it carry on?
enum class Tolerance {
  kMustSucceed,     // the fault-free contract: every step as written, exit code clean
  kMayFailCleanly,  // design.md's contract: carry on, or give up cleanly. The default with faults
};

// "ls tmp", "an inline sh script": a command in titles and messages. Of paths it has the file name:
// signatures hold titles, and the directories are others in another tree and in the next run. A
// long one is cut.
std::string CommandTitle(const std::vector<std::string>& argv);

struct Step {
  std::variant<WaitReadyStep, RpcStep, ArmStep, DisarmStep, SignalStep, CommandStep, TerminalStep,
               ExpectLogStep, WaitExitStep, PipelineStep, RawStep, AnswerStep, DisconnectStep,
               WaitStep, ExpectAbsentStep, ExpectNoLogStep, ExpectOpenFilesStep, RestartStep,
               StartCompanionStep, StopCompanionStep, ExpectFlatStep>
      action;
  std::string name;             // "" = made from the action ("rpc framework_start_init")
  std::optional<int> limit_ms;  // instead of the run's limit for such a step
  bool even_if_gone = false;    // run it although the target has ended (commands)
  SourcePosition position;
  std::string target = {};  // name in Scenario::targets; "" = the only one, or the first
  // Instead of the scenario's. kMayFailCleanly: that this step fails under a fault is fine, and the
  // next ones are run all the same.
  std::optional<Tolerance> tolerance = {};

  std::string Title() const;  // never empty
};

// One fault of the scenario's plan.
struct Fault {
  enum class Action {
    kFail,
    kSignal,          // `signal` is sent to the target, and the call goes on
    kRpc,             // the harness sends it a request while the call waits; its answer comes later
    kDropConnection,  // the harness closes its RPC connection while the call waits
    kDelay,           // the call goes on `delay_ms` later
    kSteps,           // the call goes on when `at_call` has been done
    kHold,            // the call goes on when the step `until_step` begins
  };
  enum class Phase { kAny, kBeforeMain, kAfterMain };
  std::string id;           // "" = made from the point ("ring-create-1")
  std::string point;        // name in the catalogue
  std::string target = {};  // name in Scenario::targets; "" = the one that the scenario is about
  Action action = Action::kFail;
  int signal = 0;
  RpcCall rpc;                         // of kRpc
  std::vector<RpcExpectation> expect;  // of kRpc; any one of them; empty = a result
  int delay_ms = 0;                    // of kDelay
  std::vector<Step> at_call;           // of kSteps
  std::string until_step = {};         // of kHold
  Phase phase = Phase::kAny;
  int life = 0;       // of its target, from 1; 0 = any. Calls of other lives do not count
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
  bool no_hugetlbfs = false;        // `hugetlbfs_mb: 0`: none, whatever Profile::hugetlbfs_mb says
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
  bool read_only_dev_shm = false;       // nobody can write to it; with dev_shm
  std::map<std::string, uint64_t> directories;  // absolute path to bytes: a tmpfs there; root
  bool read_only_run_dir = false;               // needs root
  std::optional<uint64_t> run_dir;  // bytes: a tmpfs of this size is the run directory; root
};

// A helper process of a run: a database, a client that says nothing, a holder of a lock. It lives
// until the run ends or a step stops it, and must live as long.
struct Companion {
  std::string name;
  std::vector<std::string> argv;  // without a shell
  std::map<std::string, std::string> environment;
  struct Ready {
    enum class Kind {
      kStarted,
      kLogLine,  // a line of its output matches
      kFile,     // this path exists
      kPort,     // somebody listens at this TCP port
    };
    Kind kind = Kind::kStarted;
    std::string value;
  };
  Ready ready;
  int limit_ms = 30'000;         // to be ready
  bool started_by_step = false;  // false: before the target
  std::vector<int> may_end;      // exit codes with which it may end before it is stopped
  SourcePosition position;
};

// One of several targets of a scenario: a program with a profile of its own, which is started,
// hooked, watched and judged as the only target of another scenario is.
struct Target {
  std::string name;
  std::string profile_name;  // as Scenario::profile
  std::string program;       // instead of the profile's; "" = the profile's
  Profile profile;           // with the target's own program and rules for its end
  Catalogue catalogue;
  std::map<std::string, std::string> variables;  // as they are written
  std::vector<std::string> extra_args;
  std::vector<std::string> app_args;
  std::map<std::string, std::string> environment;
  EndRules end;
  // What it has in common with another one that stands before it: a word of SharedThings() -> name.
  std::map<std::string, std::string> shares;
  bool starts_later = false;  // a step starts it (`start`)
  SourcePosition position;
};

// What two targets may have in common: "run_dir", "rpc_socket", "file_prefix", "cpu", "free_port".
const std::vector<std::string>& SharedThings();

// The network of a run's processes.
enum class Network {
  kOwn,   // a namespace with a loopback and nothing else, where the harness may make one
  kHost,  // the machine's
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
  std::vector<CommandStep> prepare;   // run in the run directory before the target starts
  std::vector<Companion> companions;  // names are unique
  Network network = Network::kOwn;
  // With `cycles` the steps of all of them, each but the first behind a RestartStep.
  std::vector<Step> steps;
  int cycles = 1;
  std::vector<Fault> faults;  // ids are unique
  Tolerance tolerance = Tolerance::kMustSucceed;
  // After a request that failed under a fault the profile's state probes are compared, and it is
  // sent again without the fault; false: the run goes on as the step ended.
  bool check_rolled_back = true;
  std::vector<KnownFinding> known_findings;
  LimitsMs limits_ms;  // upper bounds, profile's unless set here
  bool limits_set = false;
  std::string file;  // as opened
  SourcePosition position;
  // Empty: there is one target, and it has no name. Else all of them in the order of the file; what
  // this struct and LoadedScenario say of a target is then that of `subject`. Shared, since copies
  // of a scenario are many.
  std::vector<std::shared_ptr<const Target>> targets;
  std::string subject;  // name of the target that sweeps visit

  const Target* FindTarget(const std::string& name_of_one) const;  // nullptr: there is none
  // How often the target is started, by the steps; of the only target: "".
  int LivesOf(const std::string& name_of_target) const;
  // As this scenario would be if `target` were its only one; steps and faults are still all.
  Scenario ForTarget(const Target& target) const;
  const Fault* FindFault(const std::string& id) const;  // nullptr when there is none
  const Companion* FindCompanion(const std::string& name_of_one) const;  // likewise
};

}  // namespace faultline
