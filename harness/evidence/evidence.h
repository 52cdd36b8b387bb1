#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/journal_reader.h"
#include "harness/evidence/target_state.h"
#include "harness/evidence/wait.h"
#include "harness/scenario/model.h"

// What one run left behind: plain data that oracles judge and reports tell. Made by an Executor
// (harness/run), never changed afterwards.
namespace faultline {

// How the target ended.
struct ExitStatus {
  enum class Kind {
    kNotEnded,    // never; only while a run is being built
    kExited,      // `code` is the exit code
    kSignaled,    // `code` is the signal
    kKilledByUs,  // it outlived a limit and the harness killed it
  };
  Kind kind = Kind::kNotEnded;
  int code = 0;
  bool core_dumped = false;

  std::string ToString() const;  // "exit 0", "SIGSEGV", "killed after its limit"
};

// Is this how a target ends when nothing failed? An exit code of 128 + N in the profile also stands
// for the signal N, as a shell says it.
bool IsCleanEnd(const ExitStatus& exit, const CleanEnd& clean);

struct LogLine {
  int64_t time_ms = 0;  // since the start of the target
  int step = 0;         // 1-based index of the step that was going on; 0 = before the first
  std::string text;     // without the line end; not valid UTF-8 is kept as it is
};

struct RpcExchange {
  enum class Outcome { kResult, kError, kNoAnswer, kGone };
  int step = 0;
  std::string method;
  nlohmann::json params;
  Outcome outcome = Outcome::kNoAnswer;
  nlohmann::json answer;  // result or error member; null when there was none
  int64_t duration_ms = 0;
  bool must_fail = false;  // the scenario accepts no result here
  // The target's end of the connection was lost by a failed call, and it serves another client:
  // whether it did what was asked is not known.
  bool client_dropped = false;
  // How many things of the target's state (Profile::state_probes) it changed; nullopt: not looked.
  std::optional<int> changes = {};
  // Of those, what it added where a success promises it (StateProbe::promised), each as
  // StateChange::ToString has it.
  std::vector<std::string> added = {};
};

// What became of a request that failed when a call was made to fail in it: the target's state
// before and after it, and the same request sent again while nothing is made to fail.
struct RollbackCheck {
  int step = 0;
  std::string method;
  nlohmann::json error;              // its answer when it failed
  std::vector<StateChange> changes;  // that were still there when the target had had time
  // Nothing of it when it was not sent again.
  std::optional<RpcExchange> again;  // its last answer; `changes` as they are then, since before
  bool met = false;                  // that answer is as the step expects
  int64_t looked_ms = 0;             // what looking at the state took, before and after
};

// What was open in the target when an ExpectFlatStep was done.
struct FlatCount {
  int step = 0;
  std::string name;                       // the step's
  uint64_t records = 0;                   // of the journal, so far
  std::map<std::string, int> open_files;  // by what descriptors lead to ("socket", "/dev/null")
};

// A request that a fault's `rpc` sent while a call of the target waited.
struct FaultRpc {
  std::string fault;      // its id
  RpcExchange exchange;   // kGone also when it could not be delivered
  bool delivered = true;  // the target took the connection
  std::string unmet;      // "expected ..., got ..."; "" when it ended as expected
  WaitAccount wait;       // for its answer
};

struct StepResult {
  enum class Status {
    kDone,
    kUnmet,       // the step ended, but not as expected; `detail` says expected and actual
    kTimedOut,    // it outlived its limit
    kTargetGone,  // the target ended before or during it
    kSkipped,     // not run because of an earlier step's end
  };
  int index = 0;  // 1-based
  std::string title;
  Status status = Status::kDone;
  std::string detail;
  int64_t begin_ms = 0;  // since the start of the target
  int64_t duration_ms = 0;
  int64_t limit_ms = 0;
  WaitAccount wait;           // of steps that wait for the target; the last one
  bool unasked = false;       // it waited for the end of a target that nobody had asked to end
  bool still_serves = false;  // and when its limit had passed, the target answered a new client
  std::string said = {};      // the last line that the step's command printed
  std::vector<std::string> printed = {};  // all of them, of the last 4 KiB
  // Timed out was not the step but this request for the target's state (Profile::state_probes),
  // after it or, where the step was not begun, before it. "" = the step itself, if anything.
  std::string silent_probe = {};
  bool silent_before = false;
};

// A step that was done while a call of the target waited (Fault::at_call).
struct FaultStep {
  std::string fault;  // its id
  int step = 0;       // the step of the scenario that was going on
  StepResult result;  // index is the place in Fault::at_call, from 1
};

// A companion that ended before it was stopped, and not as the scenario says it may.
struct LostCompanion {
  std::string name;
  int step = 0;  // that was going on when it was seen
  ExitStatus exit;
  std::string said;  // its last line
};

// One frame of a stack as a human reads it; unknown parts are empty or 0.
struct Frame {
  std::string function;  // demangled
  std::string file;      // as in the debug info
  int line = 0;
  std::string module;   // base name
  uint64_t offset = 0;  // of the return address (or pc) in the module
  // It never returns and does not loop: all it does is end the process, as a panic function does.
  // Known of inlined functions that are declared so, and of the thread that crashed.
  bool ends_process = false;

  std::string ToString() const;  // "function (file:line)" or "module+0xoffset"
};
using Stack = std::vector<Frame>;

// The module of a frame that is no code: what a null or wild function pointer led to. Its caller
// follows.
inline constexpr std::string_view kNoCode = "[no code]";

// The access to memory for which a thread got SIGSEGV or SIGBUS (sigaction(2), si_code).
struct BadAccess {
  enum class Reason {
    kNotMapped,     // SEGV_MAPERR: nothing is mapped there
    kNotPermitted,  // SEGV_ACCERR: what is mapped there may not be accessed so
    kNoPage,        // BUS_ADRERR: the mapping has no page there; its file is too short, or memory
                    // or hugepages have run out
    kNotKnown,      // the processor did not say where: the address is none, or not aligned
    kSent,          // there was none: a process sent the signal
  };
  Reason reason = Reason::kNotKnown;
  uint64_t address = 0;  // of kNotMapped, kNotPermitted and kNoPage
};

struct ThreadStack {
  int tid = 0;
  std::string name;
  Stack frames;
  bool crashed = false;  // the thread that the signal ended, or that was in abort()
  std::optional<BadAccess> bad_access = {};  // nullopt: another signal, or nobody could look
};

// An injected call.
// Injection::fault of a call that `fiu-ctrl` made fail. No id of a fault has a space.
inline constexpr char kSwitchedByHand[] = "by hand";

struct Injection {
  std::string fault;  // id of the scenario's fault
  std::string point;
  std::string action;  // "fail" or "signal SIGTERM"
  uint64_t site = 0;
  uint64_t occurrence = 0;
  int step = 0;
  int tid = 0;
  bool before_main = false;
  int64_t time_ms = 0;
  Stack stack;
  // With FaultPoint::held_by_another: the file as Evidence::left_behind names it; empty when it is
  // not among what was left behind.
  std::string held_file = {};
};

// A call of a point in RunRequest::watch_returns that was not itself failed.
struct WatchedReturn {
  std::string point;
  uint64_t site =
      0;  // as Injection::site: the point and the call's stack; 0 when the table was full
  uint64_t occurrence = 0;  // on that stack, 1-based
  int step = 0;
  int tid = 0;
  bool returned = false;  // false: a fault hit inside, and the call never came back
  uint64_t value = 0;   // what it returned (rax); means nothing where the function returns nothing
  bool failed = false;  // it is such a value as the catalogue's, see IsFailure
  bool hit_inside = false;  // its thread met an injected failure before it came back
};

struct HookReport {
  enum class Status { kInstalled, kPending, kRefused };
  std::string symbol;
  std::string module;
  Status status = Status::kPending;
  std::string reason;  // why it was refused
  uint64_t calls = 0;
};

// A target that had not ended in time after its stop signal, and slept where a signal wakes it, was
// sent that signal once more. Stacks (Evidence::threads) are those before.
struct SecondSignal {
  int signal = 0;
  int64_t sent_ms = 0;  // since the start of the target
  // The first signal was lost: nothing of the stop had begun before the second, and then the target
  // ended cleanly, as if that had been the first. It looks whether it shall stop, and then sleeps
  // until something comes: a signal between the two wakes nobody. Otherwise the target hung.
  bool first_was_lost = false;
  std::string end = {};  // how the second ended it: "exit 1, from within the signal's handler"; ""
                         // = it did not
};

struct Evidence {
  std::filesystem::path run_dir;  // exists only when the run keeps its directory
  std::string program;            // absolute path of the target
  std::string build_id;           // hexadecimal, "" when it has none
  std::vector<std::string> argv;
  std::string scenario;  // its name
  std::string scenario_file;

  ExitStatus exit;
  bool asked_to_stop = false;  // the stop signal was sent (by a step or at the end)
  int64_t start_ms = 0;        // start to ready; 0 when it was never ready
  int64_t stop_ms = 0;         // stop signal to exit
  int64_t stop_limit_ms = 0;
  WaitAccount stop_wait;  // for the end, from the stop signal on
  std::optional<SecondSignal> second_signal = {};
  int64_t total_ms = 0;
  std::vector<StepResult> steps;
  std::vector<LogLine> log;  // stdout and stderr, or the terminal
  std::vector<RpcExchange> rpcs;
  std::vector<RollbackCheck> rollback_checks;
  std::vector<FlatCount> flat_counts;
  std::vector<FaultRpc> fault_rpcs;  // in the order of sending
  std::vector<FaultStep> fault_steps;
  std::vector<LostCompanion> lost_companions;

  bool agent_ready = false;    // hooks were in place before main
  bool from_snapshot = false;  // the target was forked from a live one
  std::string agent_message;
  std::vector<HookReport> hooks;
  std::vector<Injection> injections;            // in order of time
  std::vector<std::string> faults_not_reached;  // ids of armed faults that hit no call
  // In order of the returns; those that never came back stand where the fault hit. Of each site the
  // first 16 calls, and all with a hit inside.
  std::vector<WatchedReturn> returns;
  uint64_t lost_records = 0;
  JournalSnapshot journal;  // for oracles that rebuild registries
  // What JournalRecord::index means: the plan's names (Plan::points for kCall and kInjected
  // records, Plan::observers for kObserved ones). Empty when nothing was planned.
  std::vector<std::string> points;
  std::vector<std::string> observers;

  // Stacks of all threads: at a crash (from the agent's signal-time record or a core), or before a
  // hung target was killed.
  std::vector<ThreadStack> threads;
  std::string threads_note;  // when and how they were taken, or why there are none

  std::vector<std::string>
      left_behind;  // processes, files, sockets, mounts, hugepages: "file PATH"
  // Of a run without faults: files, as `left_behind` names them, that were there after one step and
  // gone after a later one, while the target was alive.
  std::vector<std::string> removed_by_steps = {};

  // The signal by which a restart ended the target; 0 = none.
  int ended_by_restart = 0;
  // Of a run that started its target more than once, each life by itself; else empty. `steps`,
  // `log`, exchanges, injections and what companions did are those of all lives above, with times
  // since the first start; the journal and the sites are the first life's, the rest the last's.
  std::vector<Evidence> lives = {};

  // Of a run of several targets, each by itself, in the order of the scenario, as far as they were
  // started; else empty. `steps`, `log`, exchanges and injections above are then those of all of
  // them, with the target's name before titles and lines and times since the first start; the rest
  // is that of Scenario::subject.
  std::vector<Evidence> targets = {};
  std::string target = {};  // its name, of an element of `targets`
};

// One broken promise. `kind` is a word of design.md's table, or "expectation" when a step of the
// scenario did not end as written.
struct Finding {
  std::string kind;
  std::string title;      // one line: what happened, without addresses
  std::string signature;  // equal for the same bug: no addresses, no times, no line numbers
  std::string object;     // the device, pool, ... it is about; "" = none
  // What a maintainer mends once, in words without numbers; clauses with "; " between them, one of
  // which is equal in findings that one missing piece of clean-up or one broken function makes. ""
  // = nothing but the finding itself.
  std::string cause;
  std::vector<std::string> details;    // lines for the story
  Stack stack;                         // where it showed, innermost first; may be empty
  std::vector<std::string> caused_by;  // ids of the injected faults
  int step = 0;                        // 1-based step during which it came to light; 0 = not known
  std::string target = {};             // Evidence::target; "" = the only one
  bool known = false;                  // among the scenario's known findings or the baseline
  std::string note;                    // of the known finding
};

}  // namespace faultline
