#pragma once

#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/evidence/evidence.h"
#include "harness/target/argument_guard.h"
#include "harness/target/child.h"
#include "harness/target/child_events.h"
#include "harness/target/clock.h"
#include "harness/target/executed_program.h"
#include "harness/target/orphans.h"
#include "harness/target/stack_snapshot.h"

namespace faultline {

// What ptrace(2) tells of a supervised process.
inline constexpr long kTraceOptions = PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
                                      PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;

// How the target ended.
struct TargetEnd {
  ExitStatus status;
  int64_t time_ms = 0;                 // since the start
  int64_t cpu_ms = 0;                  // of the target and the children it waited for
  std::optional<StackSnapshot> crash;  // when a fatal signal ended it and it was traced
  bool in_handler = false;  // it called exit() or _exit() while a signal's handler ran; seen only
                            // of a target whose stacks were taken before (CaptureStacks)
};

struct SupervisorPlan {
  ChildPlan child;  // status_fd, go_fd and parent are filled in by the supervisor
  bool trace = true;
  int stop_mark = 0;      // see SpawnOptions
  bool detaches = false;  // see SpawnOptions
  std::filesystem::path follow_program = {};
  int follow_number = 1;
  ArgumentRule proof = {};  // see SpawnOptions
  bool proof_is_asked = false;
};

// Does the signal end a program that brings it on itself, unless it is caught (signal(7))?
bool IsFatalSignal(int signal);

// A thread that is kept at the exit of its process.
struct HeldExit {
  Deadline until;              // then it goes all the same
  bool is_waited_for = false;  // those above it slept when they were looked at last
};

// A target that is there already, forked from another: its threads, the main one first. Each is
// stopped, and a tracee of the thread that says so.
struct AdoptedTarget {
  std::vector<pid_t> threads;
  bool trace = true;  // false: nobody traces it from now on (LeakSanitizer does that itself)
};
// Makes it, on the supervisor's thread. May throw.
using MakeTargetThere = std::function<AdoptedTarget()>;

// The thread that forks a target, traces it and all its descendants, and waits for their ends.
// ptrace(2), and PR_SET_PDEATHSIG in the child, are bound to the thread, hence one of its own.
// All public functions are for one other thread.
class Supervisor {
 public:
  // Returns when the program has been executed, or throws Failure.
  explicit Supervisor(const SupervisorPlan& plan);
  // Supervises what `make` makes, and lets it go on. Throws what it throws.
  Supervisor(const MakeTargetThere& make, int stop_mark);
  ~Supervisor();  // Finish(0)
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // The target's; of one that detaches it changes when it does.
  pid_t pid() const { return pid_.load(); }
  // Has the process that was started ended well, and one that it forked taken its place?
  bool followed() const { return followed_.load(); }
  // The target is up: from now on its end is the end.
  void Settle() { follows_ = false; }
  Clock::time_point start_time() const { return start_; }
  bool traced() const { return traced_; }
  const std::string& trace_note() const { return trace_note_; }
  int pidfd() const { return pidfd_now_.load(); }
  // An eventfd(2) that becomes readable when End() has something.
  int end_fd() const { return end_fd_.get(); }
  // An eventfd(2) that becomes readable when a thread of the target waits for Resume().
  int stop_fd() const { return stop_fd_.get(); }
  std::set<pid_t> StoppedThreads() const;
  void Resume(const std::set<pid_t>& threads);

  // The last program that the target's own process has executed in its place, if any: the agent
  // does not follow. Known of a traced target only.
  std::optional<ExecutedProgram> replaced_by() const;
  // Those that processes below the target have executed, in the order in which they first did.
  // Known of a traced target only.
  std::vector<ChildProgram> child_programs() const;
  // Is a process alive that is not the target, but one that it, or a child of it, has forked?
  bool has_children() const;
  // A thread is held at the function of SpawnOptions::proof_function until AnswerProof(); stop_fd()
  // tells. A refusal, if not "", ends the target.
  bool proof_wanted() const;
  void AnswerProof(const std::string& refusal);
  bool proven() const { return proven_.load(); }  // by this or by the function's arguments
  // Why a program that a process of the run was about to execute was killed instead; see
  // CheckSafeToStart. "" = none. Of a traced target only.
  std::string refusal() const;

  std::optional<TargetEnd> End() const;
  void WaitEnd();
  void Kill();  // SIGKILL to the target; returns at once
  StackSnapshot CaptureStacks(int limit_ms);

  // After the target's end: waits up to `grace_ms` for the traced descendants, kills what is left
  // of them and ends the thread. Returns pids and names of the killed ones. What cannot be killed
  // (a process in uninterruptible sleep) is left alone after 10 s, and named as such.
  std::vector<std::string> Finish(int grace_ms);
  // Every process that was ever seen in this run.
  const std::vector<pid_t>& seen_processes() const { return seen_processes_; }

 private:
  // Everything from here to Loop() runs in the supervisor's own thread.
  void Main(const std::function<void()>& start, std::promise<void> started);
  void StartThread(std::function<void()> start);
  void Adopt(const MakeTargetThere& make);
  void Start(SupervisorPlan plan);
  // With the child on `stack`, of kChildStackBytes. Throws; the child may be there then.
  void StartOn(std::byte* stack, SupervisorPlan& plan);
  void Clone(ChildPlan& plan, std::byte* stack, UniqueFd& status, UniqueFd& go);
  void WatchTarget();  // that has been made: from now on its end is seen
  void Seize();
  void FailStart(const ChildPlan& plan, const ChildReport& report);
  void Loop();
  bool Drain();  // false when no child and no tracee is left
  bool ServeRequests();
  void Handle(pid_t tid, int status, const rusage& usage);
  void HandleEnd(pid_t tid, int status, const rusage& usage);
  void HandleStop(pid_t tid, int status);
  void NoteThread(pid_t tid);
  void NoteExec(pid_t pid);
  void GuardArguments(pid_t pid, const std::filesystem::path& program);
  bool HandleTrap(pid_t tid, int status);  // false: it was none of the guard's
  void Refuse(pid_t pid, const std::string& refusal);
  void NoteChildProgram(pid_t pid, const ExecutedProgram& executed);  // with mutex_ held
  void NoteOrigin(pid_t pid);                                         // with mutex_ held
  uint64_t LastOrder(pid_t pid) const;  // of what it executes now; with mutex_ held
  bool IsOfFormer(pid_t pid) const;     // see ChildProgram; with mutex_ held
  // The target has ended with `status`: makes the process that it left behind the target.
  bool FollowSuccessor(int status);  // with mutex_ held
  // A process of a target that detaches takes its place.
  void MakeTarget(pid_t pid);
  // Of a target that is about to detach: is a process that it forked about to die?
  bool IsSuccessorsEnd(pid_t tid, int signal) const;
  // Did the target fork it, or one that the target forked, and is no other program in its place?
  bool IsForkOfTarget(pid_t process) const;
  // Keeps a forked process of a target that is about to detach at its exit; see ReleaseExits().
  bool HoldAtExit(pid_t tid);
  // Lets those go of which it is clear whether their end is the target's. True: none is left.
  bool ReleaseExits();
  // Does every living process above, up to the target, sleep until something comes?
  bool AreAllAboveWaiting(pid_t process) const;
  void KillLeftBehind(pid_t pid);  // with mutex_ held
  bool WaitsForHarness(pid_t tid, int signal) const;
  bool IsTargetsThread(pid_t tid) const;
  bool IsFatal(pid_t tid, int signal) const;
  std::map<pid_t, int> HaltAll(std::map<pid_t, int> halted, Deadline deadline);
  StackSnapshot TakeSnapshot(pid_t crashed, int signal, const std::map<pid_t, int>& halted,
                             Deadline deadline) const;
  void TakeCrashSnapshot(pid_t tid, int status);
  void TakeRequestedSnapshot(Deadline deadline);
  bool ExitsInHandler(pid_t tid) const;  // of a thread that is about to end

  ChildEvents events_;
  UniqueFd end_fd_;
  UniqueFd stop_fd_;
  std::vector<UniqueFd> pidfds_;  // of the target, and of those before it that detached
  std::atomic<int> pidfd_now_ = -1;
  std::atomic<pid_t> pid_ = 0;
  bool detaches_ = false;
  std::atomic<bool> follows_ = false;
  std::atomic<bool> followed_ = false;
  std::atomic<bool> proven_ = false;
  ArgumentGuard guard_;  // supervisor's thread only
  ArgumentRule proof_;
  bool proof_is_asked_ = false;
  Clock::time_point start_;
  bool traced_ = false;
  std::string trace_note_;
  std::unique_ptr<OwnChild> own_child_;
  int stop_mark_ = 0;
  std::map<pid_t, int> waiting_;  // threads that wait for Resume(); supervisor's thread only
  std::map<pid_t, HeldExit> held_at_exit_;  // threads; supervisor's thread only
  std::map<pid_t, pid_t> parents_;          // of all forked processes; supervisor's thread only
  bool looks_at_exits_ = false;             // see TargetEnd::in_handler; supervisor's thread only
  std::set<pid_t> known_threads_;           // supervisor's thread only
  std::vector<pid_t> seen_processes_;       // read by others only after Finish()
  std::optional<StackSnapshot> crash_;      // supervisor's thread only, until end_
  bool in_handler_ = false;                 // supervisor's thread only, until end_

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::optional<TargetEnd> end_;
  std::set<pid_t> living_;  // processes: the target and its traced descendants
  bool executed_ = false;   // the target's own program, which Start() was asked for
  std::optional<ExecutedProgram> replaced_by_;
  uint64_t executions_ = 0;  // of all processes, see ExecutedProgram::order
  std::vector<ChildProgram> child_programs_;
  std::map<pid_t, Origin> origins_;       // of all processes but the one that was started
  std::filesystem::path follow_program_;  // "" once it is followed
  int follow_after_ = 0;                  // so many processes that execute it are not followed
  std::string refusal_;
  pid_t held_for_proof_ = 0;  // a thread; 0 = none
  bool killed_ = false;
  std::optional<Deadline> kill_until_;  // the SIGKILL has until then
  Deadline stop_until_ = kNoDeadline;   // with stop_: then the thread ends all the same
  std::set<pid_t> stopped_;             // threads that wait for Resume()
  std::set<pid_t> let_go_;              // of those, the ones that may go on
  bool stop_ = false;  // what is seen from now on is killed; the thread ends with the last process
  std::vector<std::string> left_behind_;
  std::optional<Deadline> capture_until_;
  std::optional<StackSnapshot> captured_;

  std::thread thread_;
};

}  // namespace faultline
