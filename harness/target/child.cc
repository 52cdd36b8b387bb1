#include "harness/target/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

#include "harness/protocol/raw_call.h"

// What the sanitizers add to a function is not for a process that has no libc.
#define FAULTLINE_AS_IT_IS __attribute__((no_sanitize("address", "thread", "undefined")))

namespace faultline {
namespace {

using protocol::RawCall;

// The kernel's struct sigaction (arch/x86/include/uapi/asm/signal.h), which libc's is not.
struct KernelAction {
  uintptr_t handler;
  uint64_t flags;
  uintptr_t restorer;
  uint64_t mask;
};
constexpr int kLastSignal = 64;

[[noreturn]] FAULTLINE_AS_IT_IS void Exit() {
  for (;;) {
    RawCall(SYS_exit_group, 127);
  }
}

// `result` as the kernel returns it: -errno.
[[noreturn]] FAULTLINE_AS_IT_IS void GiveUp(const ChildPlan& plan, ChildStage stage, long result) {
  const ChildReport report = {stage, static_cast<int>(-result)};
  // A report is smaller than PIPE_BUF, so it is written whole; nobody is left when that fails.
  RawCall(SYS_write, plan.status_fd, &report, sizeof(report));
  Exit();
}

FAULTLINE_AS_IT_IS void Must(const ChildPlan& plan, ChildStage stage, long result) {
  if (result < 0) {
    GiveUp(plan, stage, result);
  }
}

FAULTLINE_AS_IT_IS void ResetSignals() {
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    // First ignored, so that what is pending is discarded (POSIX, 2.4.3): a Ctrl-C is meant for the
    // harness's process group, which this process has left a moment ago.
    KernelAction action = {reinterpret_cast<uintptr_t>(SIG_IGN), 0, 0, 0};
    RawCall(SYS_rt_sigaction, signal, &action, nullptr, sizeof(action.mask));
    action.handler = reinterpret_cast<uintptr_t>(SIG_DFL);
    RawCall(SYS_rt_sigaction, signal, &action, nullptr, sizeof(action.mask));
  }
}

FAULTLINE_AS_IT_IS void ConnectStdio(const ChildPlan& plan) {
  constexpr ChildStage kStage = ChildStage::kStdio;
  Must(plan, kStage, RawCall(SYS_dup2, plan.input_fd, 0));
  Must(plan, kStage, RawCall(SYS_dup2, plan.output_fd, 1));
  Must(plan, kStage, RawCall(SYS_dup2, plan.output_fd, 2));
  Must(plan, kStage, RawCall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC));
  if (plan.terminal) {
    Must(plan, kStage, RawCall(SYS_ioctl, 0, TIOCSCTTY, 0));
  }
}

FAULTLINE_AS_IT_IS void EnterNamespaces(const ChildPlan& plan) {
  if (plan.network_fd >= 0) {
    Must(plan, ChildStage::kNamespaces, RawCall(SYS_setns, plan.network_fd, CLONE_NEWNET));
  }
  if (plan.mounts_fd >= 0) {
    Must(plan, ChildStage::kNamespaces, RawCall(SYS_setns, plan.mounts_fd, CLONE_NEWNS));
  }
}

FAULTLINE_AS_IT_IS long Bind(const char* directory, unsigned flags) {
  return RawCall(SYS_mount, directory, directory, nullptr, MS_BIND | flags, nullptr);
}

// In mounts of the target's own: commands may write there.
FAULTLINE_AS_IT_IS void MakeReadOnly(const ChildPlan& plan) {
  // Private first, or the mounts would appear in the harness's namespace too.
  Must(plan, ChildStage::kMountNamespace, RawCall(SYS_unshare, CLONE_NEWNS));
  Must(plan, ChildStage::kMountNamespace,
       RawCall(SYS_mount, nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
  // What is bound below it first keeps its own flags; with MS_REC it is there in the binding too.
  Must(plan, ChildStage::kReadOnly, Bind(plan.writable_dir, 0));
  Must(plan, ChildStage::kReadOnly, Bind(plan.read_only_dir, MS_REC));
  Must(plan, ChildStage::kReadOnly,
       RawCall(SYS_mount, nullptr, plan.read_only_dir, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY,
               nullptr));
  Must(plan, ChildStage::kReadOnly, RawCall(SYS_chdir, plan.working_dir));
}

FAULTLINE_AS_IT_IS void SetLimits(const ChildPlan& plan) {
  for (size_t i = 0; i < plan.limit_count; ++i) {
    const ChildLimit& limit = plan.limits[i];
    Must(plan, ChildStage::kLimits,
         RawCall(SYS_prlimit64, 0, limit.resource, &limit.value, nullptr));
  }
}

}  // namespace

FAULTLINE_AS_IT_IS int RunChild(void* argument) {
  const ChildPlan& plan = *static_cast<const ChildPlan*>(argument);
  RawCall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  if (RawCall(SYS_getppid) != plan.parent) {
    Exit();  // the harness died before the line above
  }
  Must(plan, ChildStage::kSession, RawCall(SYS_setsid));
  ResetSignals();
  ConnectStdio(plan);
  RawCall(SYS_umask, 077);
  // Not 0: with a core_pattern that is a pipe the kernel ignores 0, but it refuses exactly 1 (see
  // do_coredump in fs/coredump.c); a file needs at least a page.
  const rlimit no_core = {.rlim_cur = 1, .rlim_max = 1};
  RawCall(SYS_prlimit64, 0, RLIMIT_CORE, &no_core, nullptr);
  EnterNamespaces(plan);  // before chdir: the working directory may lie below a mount
  Must(plan, ChildStage::kDirectory, RawCall(SYS_chdir, plan.working_dir));
  if (plan.read_only_dir != nullptr) {
    MakeReadOnly(plan);
  }
  const ChildReport ready = {ChildStage::kReady, 0};
  char go = 0;
  if (RawCall(SYS_write, plan.status_fd, &ready, sizeof(ready)) != sizeof(ready) ||
      RawCall(SYS_read, plan.go_fd, &go, 1) != 1) {
    Exit();
  }
  for (int fd = 0; fd < 3; ++fd) {
    if (plan.close_stdio[fd]) {
      RawCall(SYS_close, fd);
    }
  }
  SetLimits(plan);  // the last, or what comes before would meet them
  const uint64_t none = 0;
  RawCall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof(none));
  GiveUp(plan, ChildStage::kExec, RawCall(SYS_execve, plan.program, plan.argv, plan.envp));
}

}  // namespace faultline
