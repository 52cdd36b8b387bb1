// How a Supervisor starts its target: clone, prepare, seize, execute.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include "harness/base/failure.h"
#include "harness/target/pidfd.h"
#include "harness/target/supervisor.h"

// clone(2) by the name under which no sanitizer replaces it: ThreadSanitizer's own takes each child
// for a copy of the process, and keeps its accounts in the memory that this one shares.
extern "C" int PlainClone(int (*function)(void*), void* stack, int flags, void* argument,
                          ...) __asm__("__clone");

namespace faultline {
namespace {

// How often it is looked whether a signal has stopped the child on its way to execve().
constexpr int kLookEveryMs = 20;

std::pair<UniqueFd, UniqueFd> ControlPipe() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Failure::FromErrno("pipe", errno);
  }
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// The child's next report; none at the end of the pipe, which means that the program runs.
std::optional<ChildReport> ReadReport(const UniqueFd& status) {
  ChildReport report;
  ssize_t got = 0;
  do {
    got = read(status.get(), &report, sizeof(report));
  } while (got < 0 && errno == EINTR);
  return got == sizeof(report) ? std::optional(report) : std::nullopt;
}

void KillAndReap(pid_t pid) {
  kill(pid, SIGKILL);
  int status = 0;
  do {
    // Nothing but its end counts: it may first report a stop, as it is traced.
  } while (waitpid(pid, &status, __WALL) < 0 ? errno == EINTR : WIFSTOPPED(status));
}

std::string Describe(const ChildPlan& plan, ChildStage stage) {
  switch (stage) {
    case ChildStage::kReady:
      break;
    case ChildStage::kSession:
      return "cannot give the target a session of its own";
    case ChildStage::kStdio:
      return "cannot connect the target's stdin and stdout";
    case ChildStage::kDirectory:
      return fmt::format("the target cannot enter {}", plan.working_dir);
    case ChildStage::kNamespaces:
      return "cannot start the target in the run's namespaces";
    case ChildStage::kMountNamespace:
      return "cannot give the target a mount namespace, which its read-only directory needs; only "
             "root can";
    case ChildStage::kReadOnly:
      return fmt::format("cannot make {} read-only for the target; only root can",
                         plan.read_only_dir);
    case ChildStage::kLimits:
      return "cannot set the target's `limits_of_process`; only root raises a limit";
    case ChildStage::kExec:
      return fmt::format("cannot execute {}", plan.program);
  }
  return "the target ended before it was started";
}

}  // namespace

void Supervisor::Start(SupervisorPlan plan) {
  // The child lives in this process's memory until it executes the program.
  const auto stack = std::make_unique_for_overwrite<std::byte[]>(kChildStackBytes);
  try {
    StartOn(stack.get(), plan);
  } catch (...) {
    if (pid_ > 0) {
      KillAndReap(pid_);
    }
    throw;
  }
}

void Supervisor::StartOn(std::byte* stack, SupervisorPlan& plan) {
  UniqueFd status;
  UniqueFd go;
  Clone(plan.child, stack, status, go);
  WatchTarget();
  const std::optional<ChildReport> ready = ReadReport(status);
  if (!ready || ready->stage != ChildStage::kReady) {
    FailStart(plan.child, ready.value_or(ChildReport{ChildStage::kReady, ESRCH}));
  }
  if (plan.trace) {
    Seize();
  }
  if (!traced_ && !plan.proof.function.empty()) {
    throw Failure::CannotWork(fmt::format(
        "{} is not started: that it is given {} is proven with ptrace (`required_args_proof`), and "
        "{}",
        plan.child.program, fmt::join(plan.proof.required, ", "),
        trace_note_.empty() ? "another needs that: a debugger or a sanitizer" : trace_note_));
  }
  const char kGo = 1;
  if (write(go.get(), &kGo, 1) != 1) {
    FailStart(plan.child, {ChildStage::kReady, errno});
  }
  // A signal stops a process that is traced, and only who traces it lets it go on.
  pollfd executed = {status.get(), POLLIN, 0};
  while (poll(&executed, 1, kLookEveryMs) == 0) {
    Drain();
  }
  if (const std::optional<ChildReport> failed = ReadReport(status)) {
    FailStart(plan.child, *failed);
  }
}

void Supervisor::Clone(ChildPlan& plan, std::byte* stack, UniqueFd& status, UniqueFd& go) {
  auto [status_read, status_write] = ControlPipe();
  auto [go_read, go_write] = ControlPipe();
  plan.status_fd = status_write.get();
  plan.go_fd = go_read.get();
  plan.parent = getpid();
  sigset_t all;
  sigset_t old;
  sigfillset(&all);
  // Blocked across clone, so that no handler of the harness runs in the child.
  pthread_sigmask(SIG_SETMASK, &all, &old);
  start_ = Clock::now();
  const int pid = PlainClone(RunChild, stack + kChildStackBytes, CLONE_VM | SIGCHLD, &plan);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  if (pid < 0) {
    throw Failure::FromErrno("cannot make the target's process", error);
  }
  pid_ = pid;
  known_threads_.insert(pid);
  status = std::move(status_read);
  go = std::move(go_write);
}

void Supervisor::WatchTarget() {
  own_child_ = std::make_unique<OwnChild>(pid_);
  UniqueFd pidfd(pidfd_open(pid_, 0));
  if (!pidfd) {
    throw Failure::FromErrno("cannot watch the target's process", errno);
  }
  pidfd_now_ = pidfd.get();
  pidfds_.push_back(std::move(pidfd));
  seen_processes_.push_back(pid_);
  living_.insert(pid_);
}

void Supervisor::Adopt(const MakeTargetThere& make) {
  const AdoptedTarget target = make();
  start_ = Clock::now();
  executed_ = true;
  traced_ = target.trace;
  pid_ = target.threads.front();
  WatchTarget();
  known_threads_.insert(target.threads.begin(), target.threads.end());
  for (const pid_t tid : target.threads) {
    ptrace(target.trace ? PTRACE_CONT : PTRACE_DETACH, tid, nullptr, nullptr);
  }
}

void Supervisor::Seize() {
  // Whatever it forks inherits the options.
  const long options = kTraceOptions | (detaches_ ? PTRACE_O_TRACEEXIT : 0);
  if (ptrace(PTRACE_SEIZE, pid(), nullptr, options) == 0) {
    traced_ = true;
    return;
  }
  // Containers and Yama's ptrace_scope 3 forbid it; all but the stacks works without.
  trace_note_ = Failure::FromErrno("ptrace is refused, so no stacks can be taken", errno).what();
}

void Supervisor::FailStart(const ChildPlan& plan, const ChildReport& report) {
  std::string message = Describe(plan, report.stage);
  if (report.stage != ChildStage::kExec) {
    throw Failure::FromErrno(message, report.error);
  }
  message = Failure::FromErrno(message, report.error).what();
  if (report.error == ENOENT && access(plan.program, F_OK) == 0) {
    message += " (the file exists: the interpreter or dynamic loader that it names does not)";
  }
  throw Failure::BadInput(message);
}

}  // namespace faultline
