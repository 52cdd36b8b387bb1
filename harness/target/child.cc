#include "harness/target/child.h"

#include <linux/close_range.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace faultline {
namespace {

[[noreturn]] void GiveUp(const ChildPlan& plan, ChildStage stage) {
  const ChildReport report = {stage, errno};
  // A report is smaller than PIPE_BUF, so it is written whole; nobody is left when that fails.
  [[maybe_unused]] const ssize_t written = write(plan.status_fd, &report, sizeof(report));
  _exit(127);
}

void ResetSignals() {
  for (int signal = 1; signal < NSIG; ++signal) {
    // First ignored, so that what is pending is discarded (POSIX, 2.4.3): a Ctrl-C is meant for the
    // harness's process group, which this process has left a moment ago.
    for (const auto handler : {SIG_IGN, SIG_DFL}) {
      struct sigaction action = {};
      action.sa_handler = handler;
      sigaction(signal, &action, nullptr);  // EINVAL for those that cannot be changed
    }
  }
}

void ConnectStdio(const ChildPlan& plan) {
  if (dup2(plan.input_fd, 0) < 0 || dup2(plan.output_fd, 1) < 0 || dup2(plan.output_fd, 2) < 0 ||
      close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0 ||
      (plan.terminal && ioctl(0, TIOCSCTTY, 0) != 0)) {
    GiveUp(plan, ChildStage::kStdio);
  }
}

void EnterNamespaces(const ChildPlan& plan) {
  if ((plan.network_fd >= 0 && setns(plan.network_fd, CLONE_NEWNET) != 0) ||
      (plan.mounts_fd >= 0 && setns(plan.mounts_fd, CLONE_NEWNS) != 0)) {
    GiveUp(plan, ChildStage::kNamespaces);
  }
}

// In mounts of the target's own: commands may write there.
void MakeReadOnly(const ChildPlan& plan) {
  // Private first, or the mounts would appear in the harness's namespace too.
  if (unshare(CLONE_NEWNS) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    GiveUp(plan, ChildStage::kMountNamespace);
  }
  // What is bound below it first keeps its own flags; with MS_REC it is there in the binding too.
  if (mount(plan.writable_dir, plan.writable_dir, nullptr, MS_BIND, nullptr) != 0 ||
      mount(plan.read_only_dir, plan.read_only_dir, nullptr, MS_BIND | MS_REC, nullptr) != 0 ||
      mount(nullptr, plan.read_only_dir, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0 ||
      chdir(plan.working_dir) != 0) {
    GiveUp(plan, ChildStage::kReadOnly);
  }
}

void SetLimits(const ChildPlan& plan) {
  for (size_t i = 0; i < plan.limit_count; ++i) {
    const ChildLimit& limit = plan.limits[i];
    if (setrlimit(static_cast<__rlimit_resource>(limit.resource), &limit.value) != 0) {
      GiveUp(plan, ChildStage::kLimits);
    }
  }
}

}  // namespace

void RunChild(const ChildPlan& plan) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != plan.parent) {
    _exit(127);  // the harness died before the line above
  }
  if (setsid() < 0) {
    GiveUp(plan, ChildStage::kSession);
  }
  ResetSignals();
  ConnectStdio(plan);
  umask(077);
  // Not 0: with a core_pattern that is a pipe the kernel ignores 0, but it refuses exactly 1 (see
  // do_coredump in fs/coredump.c); a file needs at least a page.
  const rlimit no_core = {.rlim_cur = 1, .rlim_max = 1};
  setrlimit(RLIMIT_CORE, &no_core);
  EnterNamespaces(plan);  // before chdir: the working directory may lie below a mount
  if (chdir(plan.working_dir) != 0) {
    GiveUp(plan, ChildStage::kDirectory);
  }
  if (plan.read_only_dir != nullptr) {
    MakeReadOnly(plan);
  }
  const ChildReport ready = {ChildStage::kReady, 0};
  char go = 0;
  if (write(plan.status_fd, &ready, sizeof(ready)) != sizeof(ready) ||
      read(plan.go_fd, &go, 1) != 1) {
    _exit(127);
  }
  for (int fd = 0; fd < 3; ++fd) {
    if (plan.close_stdio[fd]) {
      close(fd);
    }
  }
  SetLimits(plan);  // the last, or what comes before would meet them
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(plan.program, plan.argv, plan.envp);
  GiveUp(plan, ChildStage::kExec);
}

}  // namespace faultline
