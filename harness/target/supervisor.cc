#include "harness/target/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "harness/base/failure.h"
#include "harness/target/pidfd.h"
#include "harness/target/proc_status.h"

namespace faultline {
namespace {

// SIGKILL ends a process within milliseconds unless it is in an uninterruptible wait; PTRACE's
// EXITKILL and PR_SET_PDEATHSIG stay in force for what outlives this.
constexpr int kSupervisorKillLimitMs = 10'000;
// For a target that had those already.
constexpr int kSupervisorLastLimitMs = 500;
// How often it is looked whether a process that is held at its exit may go.
constexpr int kLookAtExitsEveryMs = 2;
constexpr int kWaitFlags = __WALL | __WNOTHREAD;

// Signals from outside are for the harness's main thread; SIGCHLD wakes ChildEvents.
void KeepOnlySigchld() {
  sigset_t set;
  sigfillset(&set);
  for (const int signal : {SIGCHLD, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    sigdelset(&set, signal);
  }
  pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

}  // namespace

Supervisor::Supervisor(const SupervisorPlan& plan)
    : end_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      detaches_(plan.detaches),
      follows_(plan.detaches || !plan.follow_program.empty()),
      proof_(plan.proof),
      proof_is_asked_(plan.proof_is_asked),
      stop_mark_(plan.stop_mark),
      follow_program_(plan.follow_program),
      follow_after_(plan.follow_number - 1) {
  StartThread([this, plan] { Start(plan); });
}

Supervisor::Supervisor(const MakeTargetThere& make, int stop_mark)
    : end_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      stop_mark_(stop_mark) {
  StartThread([this, &make] { Adopt(make); });
}

void Supervisor::StartThread(std::function<void()> start) {
  if (!end_fd_ || !stop_fd_) {
    throw Failure::FromErrno("eventfd", errno);
  }
  std::promise<void> started;
  std::future<void> outcome = started.get_future();
  thread_ = std::thread(&Supervisor::Main, this, std::move(start), std::move(started));
  try {
    outcome.get();
  } catch (...) {
    thread_.join();
    throw;
  }
}

Supervisor::~Supervisor() {
  if (thread_.joinable()) {
    Finish(0);
  }
}

std::optional<TargetEnd> Supervisor::End() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

void Supervisor::WaitEnd() {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, kill_until_.value_or(InMs(kSupervisorKillLimitMs)),
                      [this] { return end_.has_value(); });
}

void Supervisor::Kill() {
  const std::lock_guard lock(mutex_);
  if (!end_) {
    killed_ = true;
    kill_until_ = kill_until_.value_or(InMs(kSupervisorKillLimitMs));
    pidfd_send_signal(pidfd(), SIGKILL, nullptr, 0);
  }
}

std::vector<std::string> Supervisor::Finish(int grace_ms) {
  Kill();
  std::unique_lock lock(mutex_);
  const auto all_gone = [this] { return living_.empty(); };
  changed_.wait_until(lock, kill_until_.value_or(InMs(kSupervisorKillLimitMs)),
                      [this] { return end_.has_value(); });
  changed_.wait_until(lock, InMs(grace_ms), all_gone);
  for (const pid_t pid : living_) {
    KillLeftBehind(pid);
  }
  stop_ = true;
  stop_until_ = InMs(end_ ? kSupervisorKillLimitMs : kSupervisorLastLimitMs);
  lock.unlock();
  events_.Wake();
  thread_.join();
  for (const pid_t pid : living_) {
    std::erase_if(left_behind_, [name = fmt::format("process {} ", pid)](const std::string& one) {
      return one.starts_with(name);
    });
    left_behind_.push_back(fmt::format("process {} {} (SIGKILL does not end it; its state is {})",
                                       pid, ProcessName(pid), ReadProcStat(pid).state));
  }
  own_child_.reset();
  return left_behind_;
}

void Supervisor::KillLeftBehind(pid_t pid) {
  left_behind_.push_back(fmt::format("process {} {}", pid, ProcessName(pid)));
  kill(pid, SIGKILL);  // traced by us, so the id cannot have passed to another process
}

void Supervisor::Main(const std::function<void()>& start, std::promise<void> started) {
  KeepOnlySigchld();
  try {
    start();
  } catch (...) {
    started.set_exception(std::current_exception());
    return;
  }
  started.set_value();
  Loop();
}

void Supervisor::Loop() {
  while (true) {
    bool any_left = true;
    do {
      any_left = Drain();
    } while (ServeRequests());
    Deadline until = kNoDeadline;
    {
      const std::lock_guard lock(mutex_);
      if (stop_ && (!any_left || Clock::now() >= stop_until_)) {
        return;
      }
      until = stop_ ? stop_until_ : kNoDeadline;
    }
    events_.Wait(ReleaseExits() ? until : std::min(until, InMs(kLookAtExitsEveryMs)));
  }
}

bool Supervisor::Drain() {
  while (true) {
    int status = 0;
    rusage usage = {};
    // A target that is not traced by this thread may be by another one for a while (it is a
    // carrier): wait() would take that one's stops, as the kernel looks at the process that asks.
    // So it is asked when the target has ended, and for nothing else.
    pollfd ended = {.fd = pidfd(), .events = POLLIN, .revents = 0};
    if (!traced_ && poll(&ended, 1, 0) == 0) {
      return true;
    }
    // One that was forked from another is a child of the thread that started that one.
    const pid_t tid = traced_ ? wait4(-1, &status, kWaitFlags | WNOHANG, &usage)
                              : wait4(pid(), &status, __WALL | WNOHANG, &usage);
    if (tid <= 0) {
      return tid == 0;
    }
    Handle(tid, status, usage);
  }
}

std::set<pid_t> Supervisor::StoppedThreads() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void Supervisor::Resume(const std::set<pid_t>& threads) {
  {
    const std::lock_guard lock(mutex_);
    for (const pid_t tid : threads) {
      if (stopped_.erase(tid) != 0) {
        let_go_.insert(tid);
      }
    }
  }
  events_.Wake();
}

bool Supervisor::ServeRequests() {
  std::optional<Deadline> until;
  std::set<pid_t> let_go;
  {
    const std::lock_guard lock(mutex_);
    until = std::exchange(capture_until_, std::nullopt);
    let_go = std::exchange(let_go_, {});
  }
  for (const pid_t tid : let_go) {
    if (waiting_.erase(tid) != 0) {
      ptrace(PTRACE_CONT, tid, nullptr, nullptr);  // without the signal that stopped it
    }
  }
  if (until) {
    TakeRequestedSnapshot(*until);
  }
  return until.has_value() || !let_go.empty();
}

}  // namespace faultline
