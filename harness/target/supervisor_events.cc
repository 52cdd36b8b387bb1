// What a supervisor makes of the stops and ends of the processes that it traces.
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "harness/target/pidfd.h"
#include "harness/target/proc_status.h"
#include "harness/target/supervisor.h"

namespace faultline {
namespace {

// The kernel sends SIGHUP to all that share a terminal when the leader of their session ends. In a
// user's terminal that is his shell, which goes on; here it is the program that was started,
// `leader`, and what it leaves behind (`setsid program` forks, and ends) is not to die of it.
bool IsHangup(pid_t tid, pid_t leader) {
  siginfo_t info = {};
  return ptrace(PTRACE_GETSIGINFO, tid, nullptr, &info) == 0 && info.si_code == SI_KERNEL &&
         ThreadGroup(tid) != leader && IsEnding(leader);
}

int64_t Milliseconds(const timeval& time) { return time.tv_sec * 1000 + time.tv_usec / 1000; }

}  // namespace

void Supervisor::Handle(pid_t tid, int status, const rusage& usage) {
  if (WIFSTOPPED(status)) {
    NoteThread(tid);
    HandleStop(tid, status);
  } else {
    HandleEnd(tid, status, usage);
  }
}

void Supervisor::NoteThread(pid_t tid) {
  if (!known_threads_.insert(tid).second || IsTargetsThread(tid) || ThreadGroup(tid) != tid) {
    return;
  }
  seen_processes_.push_back(tid);
  // The end of one that is dead may have been reported before its birth.
  if (ReadProcStat(tid).state == 'Z') {
    return;
  }
  const std::lock_guard lock(mutex_);
  NoteOrigin(tid);
  living_.insert(tid);
  if (stop_) {
    KillLeftBehind(tid);
  }
}

void Supervisor::HandleEnd(pid_t tid, int status, const rusage& usage) {
  known_threads_.erase(tid);
  waiting_.erase(tid);
  held_at_exit_.erase(tid);
  guard_.Forget(tid);
  const std::lock_guard lock(mutex_);
  held_for_proof_ = held_for_proof_ == tid ? 0 : held_for_proof_;
  stopped_.erase(tid);
  let_go_.erase(tid);
  living_.erase(tid);
  if (tid == pid_ && !FollowSuccessor(status)) {
    TargetEnd end;
    end.time_ms = MsSince(start_);
    end.in_handler = in_handler_;
    end.cpu_ms = Milliseconds(usage.ru_utime) + Milliseconds(usage.ru_stime);
    if (WIFEXITED(status)) {
      end.status = {.kind = ExitStatus::Kind::kExited, .code = WEXITSTATUS(status)};
    } else {
      const int signal = WTERMSIG(status);
      const bool by_us = killed_ && signal == SIGKILL;
      end.status = {.kind = by_us ? ExitStatus::Kind::kKilledByUs : ExitStatus::Kind::kSignaled,
                    .code = signal,
                    .core_dumped = WCOREDUMP(status) != 0};
      // A snapshot whose signal did not end it after all is no crash.
      if (crash_ && crash_->signal == signal) {
        end.crash = std::move(crash_);
      }
    }
    end_ = std::move(end);
    eventfd_write(end_fd_.get(), 1);
  }
  changed_.notify_all();
}

void Supervisor::HandleStop(pid_t tid, int status) {
  const int event = status >> 16;
  const int signal = WSTOPSIG(status);
  if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
    // Stopped by SIGSTOP and the like: it stays stopped until SIGCONT, as without us.
    ptrace(PTRACE_LISTEN, tid, nullptr, nullptr);
    return;
  }
  if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
    // Before its parent goes on and may end: so a run is never thought empty between the two.
    unsigned long born = 0;
    if (ptrace(PTRACE_GETEVENTMSG, tid, nullptr, &born) == 0) {
      const pid_t one = static_cast<pid_t>(born);
      NoteThread(one);
      if (ThreadGroup(one) == one) {
        guard_.Fork(ThreadGroup(tid), one);
      }
    }
  }
  if (event == PTRACE_EVENT_EXEC) {
    NoteExec(tid);
  }
  if (event == PTRACE_EVENT_EXIT) {
    in_handler_ |= looks_at_exits_ && ExitsInHandler(tid);
    if (HoldAtExit(tid)) {
      return;
    }
  }
  if (event != 0) {
    ptrace(PTRACE_CONT, tid, nullptr, nullptr);  // a new process or thread, an exec, our interrupt
    return;
  }
  if (signal == SIGTRAP && HandleTrap(tid, status)) {
    return;
  }
  if (WaitsForHarness(tid, signal)) {
    waiting_[tid] = status;
    {
      const std::lock_guard lock(mutex_);
      stopped_.insert(tid);
    }
    eventfd_write(stop_fd_.get(), 1);
    return;
  }
  if (signal == SIGHUP && IsHangup(tid, seen_processes_.front())) {
    ptrace(PTRACE_CONT, tid, nullptr, nullptr);
    return;
  }
  if (IsSuccessorsEnd(tid, signal)) {
    MakeTarget(ThreadGroup(tid));  // its death is the target's, whatever its parent says of it
  }
  if (IsFatal(tid, signal) && !crash_) {
    TakeCrashSnapshot(tid, status);
  }
  ptrace(PTRACE_CONT, tid, nullptr, static_cast<uintptr_t>(signal));
}

bool Supervisor::WaitsForHarness(pid_t tid, int signal) const {
  siginfo_t info = {};
  return signal == SIGSTOP && stop_mark_ != 0 &&
         ptrace(PTRACE_GETSIGINFO, tid, nullptr, &info) == 0 && info.si_code == SI_QUEUE &&
         info.si_value.sival_int == stop_mark_;
}

}  // namespace faultline
