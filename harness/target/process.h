#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/target/clock.h"
#include "harness/target/executed_program.h"
#include "harness/target/run_space.h"
#include "harness/target/stack_snapshot.h"
#include "harness/target/stdio.h"
#include "harness/target/supervisor.h"

namespace faultline {

// Every process of a run has FAULTLINE_RUN_ID=<run id> in its environment, so that none escapes,
// whatever session or process group it moves to.
inline constexpr std::string_view kRunIdVariable = "FAULTLINE_RUN_ID";

struct SpawnOptions {
  std::filesystem::path program;           // absolute
  std::vector<std::string> args;           // without argv[0]
  std::vector<std::string> required_args;  // see CheckSafeToStart() in safety.h
  // Where these are, if not in `args`: proven at the first call of this function, in whichever
  // process of the run makes it first. "" = in `args`. Needs `trace`.
  std::string proof_function = {};
  bool proof_is_asked = false;  // by ProofWanted(); else the function's own arguments are looked at
  std::map<std::string, std::string> environment;  // all of it; OwnEnvironment() to start from
  std::filesystem::path working_dir;               // exists
  std::string run_id;                              // NewRunId()
  bool terminal = false;                           // a pseudo-terminal instead of pipes
  // Seize the target with ptrace, for the stacks at a crash or a hang. False for a target that
  // traces itself (LeakSanitizer does) or that a debugger shall trace.
  bool trace = true;
  // A thread of a traced target that sends itself SIGSTOP by rt_tgsigqueueinfo(2) with this value
  // waits for Resume(). 0: none does.
  int stop_mark = 0;
  // The process that is started ends with 0 once one that it has forked is up: that is the target
  // then, and pid() is its. Needs `trace`.
  bool detaches = false;
  // The child of the started process, or child of a child, that executes this one is the target
  // then, and pid() is its; of several such children the one of this number. "" = the started
  // process is. Needs `trace`.
  std::filesystem::path follow_program = {};
  int follow_number = 1;
  std::map<int, uint64_t> limits = {};       // RLIMIT_*, both soft and hard
  std::vector<int> closed_descriptors = {};  // of 0 to 2
  // Not to be written to, but below `writable_dir` in it; "" = none. Needs root.
  std::filesystem::path read_only_dir = {};
  std::filesystem::path writable_dir = {};
  // The namespaces to start in; nullptr = the harness's. Borrowed, outlives the constructor.
  const RunSpace* space = nullptr;
};

// A target: one process, all its descendants, and their supervisor, a thread of its own (ptrace and
// PR_SET_PDEATHSIG are bound to the thread that forked). The target runs in its own session with
// umask 077, default signals, no core dump, and no descriptor but its stdio. It cannot outlive
// the harness: PR_SET_PDEATHSIG, PTRACE_O_EXITKILL, and the Guardian for what escapes both.
// Not thread-safe, but event_fd() is written by the supervisor.
//
// Process-wide side effects of the first Process: a SIGCHLD handler, SIGPIPE ignored, and
// PR_SET_CHILD_SUBREAPER.
class Process {
 public:
  // Starts the target. Failure: unsafe arguments (kBadInput), a program that cannot be executed
  // (kBadInput, it is named), or a machine that cannot do it.
  explicit Process(const SpawnOptions& options);
  // A target that `make` makes, see Supervisor, with the harness's ends of its stdio; `output` is
  // its own end of that.
  Process(const MakeTargetThere& make, Stdio stdio, const SpawnOptions& options);
  Process(Process&& other) noexcept;
  ~Process();  // Finish(0)
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const;
  Clock::time_point start_time() const;  // just before fork
  bool traced() const;
  // Why it is not traced though it was asked for; "" otherwise.
  const std::string& trace_note() const;

  // stdout and stderr in the order of writing, non-blocking; for LogWatch.
  int output_fd() const;
  // Does the target's descriptor `fd` lead to output_fd()? One that is closed by now: is it 1 or 2?
  bool IsOutput(int fd) const;
  // What the target's own ends of its stdin and stdout are.
  struct stat input_file() const;
  struct stat output_file() const;
  // Readable once the target has ended, until OnEvent().
  int event_fd() const;
  // Readable when a thread of the target waits, see SpawnOptions::stop_mark, until the next
  // StoppedThreads().
  int stop_fd() const;
  // The threads that wait now.
  std::set<pid_t> StoppedThreads();
  // Lets those of them go on.
  void Resume(const std::set<pid_t>& threads);
  // Takes over what happened; the accessors below change only here (and in calls that say so).
  void OnEvent();

  // See Supervisor.
  bool followed() const;
  void Settle();
  std::optional<ExecutedProgram> replaced_by() const;
  std::vector<ChildProgram> child_programs() const;
  bool has_children() const;
  std::string refusal() const;
  bool proof_wanted() const;
  void AnswerProof(const std::string& refusal);
  bool proven() const;

  bool exited() const;
  // kNotEnded before the exit; kKilledByUs only when Kill() or Finish() had to end it.
  const ExitStatus& exit_status() const;
  int64_t exit_time_ms() const;  // since the start; 0 before the exit
  // Of the target and the children it waited for; 0 before the exit.
  int64_t cpu_time_ms() const;
  // Stacks at the fatal signal that ended the target; none before, or when it was not traced.
  const std::optional<StackSnapshot>& crash_stacks() const;
  bool ended_in_handler() const;  // see TargetEnd

  // To the target's stdin or terminal. False when it does not take the text (its end is closed, or
  // the deadline passed).
  bool Write(std::string_view text, Deadline deadline);
  void CloseInput();  // end of file on its stdin; of no effect on a terminal

  // Sends `signal` to the target alone. No effect after its exit.
  void Signal(int signal);

  // Stops all threads, takes their stacks, lets them go on. Blocks up to `limit_ms` and a little
  // more. A snapshot without threads and with a note when the target is not traced or has gone.
  // Meant for a target that is about to be killed: a signal sent right afterwards may reach another
  // thread than usual, as the kernel passes over one that is just leaving a stop (seen with
  // dpdk-testpmd: its telemetry thread took the SIGTERM, and main went on in its read).
  StackSnapshot CaptureStacks(int limit_ms);

  // SIGKILL to the target, and waits until it is gone. Does an OnEvent(). No effect after its exit.
  void Kill();

  // Ends the run: Kill(), then waits up to `grace_ms` for descendants that are on their way out,
  // then kills and reaps every process of the run that is left and names it ("process PID NAME").
  // Does an OnEvent(). A second call returns nothing.
  std::vector<std::string> Finish(int grace_ms);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// 128 random bits, in hexadecimal.
std::string NewRunId();

// The harness's own environment.
std::map<std::string, std::string> OwnEnvironment();

}  // namespace faultline
