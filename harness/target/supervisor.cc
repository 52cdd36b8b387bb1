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
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "harness/base/failure.h"
#include "harness/target/pidfd.h"
#include "harness/target/proc_status.h"
#include "harness/target/safety.h"

namespace faultline {
namespace {

// SIGKILL ends a process within milliseconds unless it is in an uninterruptible wait; PTRACE's
// EXITKILL and PR_SET_PDEATHSIG stay in force for what outlives this.
constexpr int kKillLimitMs = 10'000;
// For a target that had those already.
constexpr int kLastLimitMs = 500;
constexpr int kWaitFlags = __WALL | __WNOTHREAD;

int64_t Milliseconds(const timeval& time) { return time.tv_sec * 1000 + time.tv_usec / 1000; }

// The texts of a file below /proc in which each ends with a NUL.
std::vector<std::string> Texts(pid_t pid, const char* file) {
  std::vector<std::string> texts;
  std::istringstream all(ReadProcFile(pid, file));
  for (std::string text; std::getline(all, text, '\0');) {
    texts.push_back(text);
  }
  return texts;
}

// argv without argv[0].
std::vector<std::string> ArgumentsOf(pid_t pid) {
  std::vector<std::string> arguments = Texts(pid, "cmdline");
  if (!arguments.empty()) {
    arguments.erase(arguments.begin());
  }
  return arguments;
}

std::string LibraryPathOf(pid_t pid) {
  constexpr std::string_view kName = "LD_LIBRARY_PATH=";
  for (const std::string& entry : Texts(pid, "environ")) {
    if (entry.starts_with(kName)) {
      return entry.substr(kName.size());
    }
  }
  return "";
}

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
      follows_(plan.detaches || !plan.follow_program.empty()),
      proof_(plan.proof),
      proof_is_asked_(plan.proof_is_asked),
      stop_mark_(plan.stop_mark),
      follow_program_(plan.follow_program) {
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
  changed_.wait_until(lock, kill_until_.value_or(InMs(kKillLimitMs)),
                      [this] { return end_.has_value(); });
}

void Supervisor::Kill() {
  const std::lock_guard lock(mutex_);
  if (!end_) {
    killed_ = true;
    kill_until_ = kill_until_.value_or(InMs(kKillLimitMs));
    pidfd_send_signal(pidfd(), SIGKILL, nullptr, 0);
  }
}

std::vector<std::string> Supervisor::Finish(int grace_ms) {
  Kill();
  std::unique_lock lock(mutex_);
  const auto all_gone = [this] { return living_.empty(); };
  changed_.wait_until(lock, kill_until_.value_or(InMs(kKillLimitMs)),
                      [this] { return end_.has_value(); });
  changed_.wait_until(lock, InMs(grace_ms), all_gone);
  for (const pid_t pid : living_) {
    KillLeftBehind(pid);
  }
  stop_ = true;
  stop_until_ = InMs(end_ ? kKillLimitMs : kLastLimitMs);
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
    events_.Wait(until);
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
    const pid_t tid = wait4(traced_ ? -1 : pid(), &status, kWaitFlags | WNOHANG, &usage);
    if (tid <= 0) {
      return tid == 0;
    }
    Handle(tid, status, usage);
  }
}

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
  living_.insert(tid);
  if (stop_) {
    KillLeftBehind(tid);
  }
}

// Before the new program's first instruction, so that one that must not run never does: a wrapper
// or a script is not seen through beforehand.
void Supervisor::NoteExec(pid_t pid) {
  std::error_code ignored;
  const std::filesystem::path program =
      std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), ignored);
  GuardArguments(pid, program);
  {
    const std::lock_guard lock(mutex_);
    if (pid == pid_ && !std::exchange(executed_, true)) {
      return;  // checked before it was started
    }
  }
  try {
    if (proof_.function.empty()) {
      CheckSafeToStart(program, ArgumentsOf(pid), {}, LibraryPathOf(pid));
    } else {
      CheckSafeToWatch(program, ArgumentsOf(pid));
    }
  } catch (const Failure& failure) {
    Refuse(pid, failure.what());
  }
  const std::lock_guard lock(mutex_);
  const ExecutedProgram executed{program, MsSince(start_)};
  if (!follow_program_.empty() && program == follow_program_) {
    follow_program_.clear();
    follows_ = false;
    if (pid != pid_) {
      MakeTarget(pid);
      followed_ = true;
      eventfd_write(end_fd_.get(), 1);
    }
  }
  if (pid == pid_) {
    replaced_by_ = executed;
  } else {
    NoteChildProgram(pid, executed);
  }
}

void Supervisor::Refuse(pid_t pid, const std::string& refusal) {
  kill(pid, SIGKILL);
  const std::lock_guard lock(mutex_);
  if (refusal_.empty()) {
    refusal_ = refusal;
  }
}

void Supervisor::GuardArguments(pid_t pid, const std::filesystem::path& program) {
  // What is asked for is looked at by who asks.
  const ArgumentRule rule = proof_is_asked_ ? ArgumentRule{proof_.function, {}} : proof_;
  const std::string refusal =
      guard_.Watch(pid, program, UsesDpdkAsBefore(program, LibraryPathOf(pid)), rule,
                   /*must_find=*/!proof_.function.empty());
  if (!refusal.empty()) {
    Refuse(pid, refusal);
  }
}

bool Supervisor::HandleTrap(pid_t tid, int status) {
  const pid_t pid = ThreadGroup(tid);
  const ArgumentGuard::Hit hit = guard_.OnTrap(pid, tid);
  if (!hit.is_ours) {
    return false;
  }
  if (!hit.refusal.empty()) {
    Refuse(pid, hit.refusal);
  } else if (hit.is_rule && proof_is_asked_ && !proven_) {
    waiting_[tid] = status;
    {
      const std::lock_guard lock(mutex_);
      held_for_proof_ = tid;
    }
    eventfd_write(stop_fd_.get(), 1);
    return true;
  } else if (hit.is_rule) {
    proven_ = true;
  }
  ptrace(PTRACE_CONT, tid, nullptr, nullptr);
  return true;
}

bool Supervisor::proof_wanted() const {
  const std::lock_guard lock(mutex_);
  return held_for_proof_ != 0;
}

void Supervisor::AnswerProof(const std::string& refusal) {
  {
    const std::lock_guard lock(mutex_);
    const pid_t tid = std::exchange(held_for_proof_, 0);
    if (tid == 0) {
      return;
    }
    if (refusal.empty()) {
      proven_ = true;
    } else {
      refusal_ = refusal_.empty() ? refusal : refusal_;
      kill(ThreadGroup(tid), SIGKILL);  // it is stopped: its id is still its own
    }
    let_go_.insert(tid);
  }
  events_.Wake();
}

void Supervisor::NoteChildProgram(pid_t pid, const ExecutedProgram& executed) {
  const auto known = [this](pid_t process) {
    return std::find_if(child_programs_.begin(), child_programs_.end(),
                        [process](const ChildProgram& one) { return one.pid == process; });
  };
  if (const auto before = known(pid); before != child_programs_.end()) {
    before->last = executed;
    return;
  }
  ChildProgram child{.pid = pid, .last = executed};
  for (pid_t above = ReadProcStat(pid).parent;
       above > 1 && above != pid_ && above != getpid() && !child.is_helper;
       above = ReadProcStat(above).parent) {
    child.is_helper = known(above) != child_programs_.end();
  }
  child_programs_.push_back(std::move(child));
}

std::vector<ChildProgram> Supervisor::child_programs() const {
  const std::lock_guard lock(mutex_);
  std::vector<ChildProgram> programs = child_programs_;
  for (ChildProgram& one : programs) {
    one.is_alive = living_.contains(one.pid) && !IsEnding(one.pid);
  }
  return programs;
}

bool Supervisor::has_children() const {
  const std::lock_guard lock(mutex_);
  return living_.size() > (living_.contains(pid_) ? 1 : 0);
}

std::optional<ExecutedProgram> Supervisor::replaced_by() const {
  const std::lock_guard lock(mutex_);
  return replaced_by_;
}

std::string Supervisor::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
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
  // Of several the one that was born first and whose parent is none of them: a daemon forks itself
  // before it forks helpers.
  const auto successor =
      std::find_if(seen_processes_.begin(), seen_processes_.end(), [this](pid_t pid) {
        return living_.contains(pid) && !IsEnding(pid) &&
               !living_.contains(ReadProcStat(pid).parent);
      });
  if (successor == seen_processes_.end()) {
    return false;
  }
  MakeTarget(*successor);
  followed_ = true;
  eventfd_write(end_fd_.get(), 1);  // so that who waits looks again
  return true;
}

void Supervisor::HandleEnd(pid_t tid, int status, const rusage& usage) {
  known_threads_.erase(tid);
  waiting_.erase(tid);
  guard_.Forget(tid);
  const std::lock_guard lock(mutex_);
  held_for_proof_ = held_for_proof_ == tid ? 0 : held_for_proof_;
  stopped_.erase(tid);
  let_go_.erase(tid);
  living_.erase(tid);
  if (tid == pid_ && !FollowSuccessor(status)) {
    TargetEnd end;
    end.time_ms = MsSince(start_);
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
