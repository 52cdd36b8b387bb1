// Which process of a target that forks itself (`detaches`) is the target, and whose end is its end.
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <sstream>

#include "harness/target/pidfd.h"
#include "harness/target/proc_status.h"
#include "harness/target/supervisor.h"

namespace faultline {
namespace {

// Signals that a program brings on itself, by a mistake, by writing to a peer that is gone or by a
// timer that it has set, and whose default action ends it (signal(7)).
constexpr int kFatalSignals[] = {SIGABRT, SIGALRM, SIGBUS, SIGFPE,  SIGILL,    SIGPIPE, SIGPROF,
                                 SIGQUIT, SIGSEGV, SIGSYS, SIGTRAP, SIGVTALRM, SIGXCPU, SIGXFSZ};

// One that computes, or sleeps for a while, for so long, asks rather than waits.
constexpr int kHoldExitMs = 2'000;

}  // namespace

bool IsFatalSignal(int signal) {
  return std::count(std::begin(kFatalSignals), std::end(kFatalSignals), signal) != 0;
}

void Supervisor::MakeTarget(pid_t pid) {
  pidfds_.emplace_back(pidfd_open(pid, 0));
  pidfd_now_ = pidfds_.back().get();
  pid_ = pid;
}

bool Supervisor::FollowSuccessor(int status) {
  if (!follows_ || killed_ || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return false;
  }
  const auto lives = [this](pid_t pid) { return living_.contains(pid) && !IsEnding(pid); };
  // Of several the one that was born first and whose parent is none of them: a daemon forks itself
  // before it forks helpers.
  const auto successor =
      std::find_if(seen_processes_.begin(), seen_processes_.end(),
                   [&](pid_t pid) { return lives(pid) && !lives(ReadProcStat(pid).parent); });
  if (successor == seen_processes_.end()) {
    return false;
  }
  MakeTarget(*successor);
  followed_ = true;
  eventfd_write(end_fd_.get(), 1);  // so that who waits looks again
  return true;
}

bool Supervisor::IsForkOfTarget(pid_t process) const {
  // What executes another program is a helper, and so is what that one forks. The target's own
  // process may have ended already: its files below /proc say nothing then.
  const std::lock_guard lock(mutex_);
  const auto origin = origins_.find(process);
  return origin != origins_.end() && LastOrder(process) == 0 &&
         std::none_of(child_programs_.begin(), child_programs_.end(),
                      [&](const ChildProgram& one) { return one.pid == origin->second.by; });
}

bool Supervisor::IsSuccessorsEnd(pid_t tid, int signal) const {
  const pid_t process = ThreadGroup(tid);
  return follows_ && IsFatalSignal(signal) && !IsTargetsThread(tid) && IsForkOfTarget(process) &&
         TakesDefaultAction(process, signal);
}

// A daemon may fail before the process that was started has come to its own exit. Whether its end
// is the target's, or the started process's to tell, must not depend on which of the two is
// quicker. So it is held at its exit, with all that it has open, until those above it have gone,
// which makes it the target, or wait for it.
bool Supervisor::HoldAtExit(pid_t tid) {
  user_regs_struct registers = {};
  if (!detaches_ || !follows_ || IsTargetsThread(tid) ||
      ptrace(PTRACE_GETREGS, tid, nullptr, &registers) != 0 ||
      registers.orig_rax != SYS_exit_group || !IsForkOfTarget(ThreadGroup(tid))) {
    return false;
  }
  held_at_exit_[tid] = {.until = InMs(kHoldExitMs)};
  return true;
}

// The target itself must be among them: one that has just ended is not yet seen to have.
bool Supervisor::AreAllAboveWaiting(pid_t process) const {
  for (auto above = parents_.find(process); above != parents_.end();
       above = parents_.find(above->second)) {
    if (above->second == pid_) {
      return SleepsUntilSomethingComes(pid_);
    }
    const char state = ReadProcStat(above->second).state;
    if (state != 0 && state != 'Z' && !SleepsUntilSomethingComes(above->second)) {
      return false;
    }
  }
  return true;  // it is not below the target at all: what it does is nobody's
}

bool Supervisor::ReleaseExits() {
  bool is_over = false;
  {
    const std::lock_guard lock(mutex_);
    is_over = end_ || killed_ || stop_;
  }
  for (auto one = held_at_exit_.begin(); one != held_at_exit_.end();) {
    auto& [tid, held] = *one;
    // Twice, with a look at what has ended between: a process that waits for another's end, which
    // has come, is not woken before the harness has taken that.
    const bool waited_before = held.is_waited_for;
    held.is_waited_for = AreAllAboveWaiting(ThreadGroup(tid));
    if (is_over || !follows_ || IsTargetsThread(tid) || Clock::now() >= held.until ||
        (waited_before && held.is_waited_for)) {
      ptrace(PTRACE_CONT, tid, nullptr, nullptr);
      one = held_at_exit_.erase(one);
    } else {
      ++one;
    }
  }
  return held_at_exit_.empty();
}

}  // namespace faultline
