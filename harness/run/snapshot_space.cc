#include "harness/run/snapshot_space.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "harness/protocol/raw_call.h"
#include "harness/run/run_place.h"
#include "harness/run/snapshot_steps.h"

namespace faultline {
namespace {

// What the sanitizers add to a function is not for a process that has no libc.
#define FAULTLINE_AS_IT_IS __attribute__((no_sanitize("address", "thread", "undefined")))

// The holder shares the harness's memory (a copy of its page tables for each forked target would
// cost more than all else of this), and so also the errno of the thread that made it: it calls the
// kernel without libc.
using protocol::RawCall;

// What the holder reports: errno of what failed. 0: the files are as the harness is to see them,
// then, once it was told to go on, that they are as the target is.
struct Work {
  const char* directory;
  int mounts;
  const char* run_dir;
  const char* private_dir;
  int report_fd;
  int go_fd;
};

FAULTLINE_AS_IT_IS long MakeView(const Work& work) {
  long result = work.mounts < 0 ? 0 : RawCall(SYS_setns, work.mounts, CLONE_NEWNS);
  if (result == 0) {
    result = RawCall(SYS_unshare, CLONE_NEWNS);
  }
  if (result == 0) {
    result = RawCall(SYS_mount, nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  }
  if (result == 0) {
    result = RawCall(SYS_mount, work.directory, work.run_dir, nullptr, MS_BIND | MS_REC, nullptr);
  }
  if (result == 0) {
    result = RawCall(SYS_mount, "tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  }
  // Plan and journal: memory is written sooner than a disk.
  if (result == 0) {
    result =
        RawCall(SYS_mount, "tmpfs", work.private_dir, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700");
  }
  return result;
}

// Only the target sees its own process ids below /proc.
FAULTLINE_AS_IT_IS long MakeTargetsView() {
  const long result = RawCall(SYS_unshare, CLONE_NEWNS);
  return result != 0 ? result
                     : RawCall(SYS_mount, "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                               nullptr);
}

FAULTLINE_AS_IT_IS void Report(const Work& work, long result) {
  const int error = static_cast<int>(-result);
  if (RawCall(SYS_write, work.report_fd, &error, sizeof(error)) != sizeof(error) || error != 0) {
    RawCall(SYS_exit_group, 1);
  }
}

// The holder's whole life. Process 1 of its namespace gets no signal but SIGKILL.
FAULTLINE_AS_IT_IS int Hold(void* argument) {
  const Work& work = *static_cast<const Work*>(argument);
  RawCall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  RawCall(SYS_prctl, PR_SET_NAME, "fl-snapshot");
  RawCall(SYS_setsid);
  Report(work, MakeView(work));
  char go = 0;
  if (RawCall(SYS_read, work.go_fd, &go, 1) != 1) {
    RawCall(SYS_exit_group, 1);
  }
  Report(work, MakeTargetsView());
  // From here on `work` is no more.
  RawCall(SYS_close_range, 0, ~0U, 0);
  const uint64_t child = uint64_t{1} << (SIGCHLD - 1);
  for (;;) {
    while (RawCall(SYS_wait4, -1, nullptr, WNOHANG | __WALL, nullptr) > 0) {
    }
    RawCall(SYS_rt_sigtimedwait, &child, nullptr, nullptr, sizeof(child));
  }
}

std::array<UniqueFd, 2> Pipe() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw CannotCarry(fmt::format("no pipe: {}", std::strerror(errno)));
  }
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void ThrowUnlessDone(int report_fd) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = read(report_fd, &error, sizeof(error));
  } while (got < 0 && errno == EINTR);
  if (got != sizeof(error) || error != 0) {
    throw CannotCarry(
        fmt::format("there can be no namespaces for a forked target ({}); only root "
                    "can make them",
                    std::strerror(got == sizeof(error) ? error : ECHILD)));
  }
}

}  // namespace

SnapshotSpace::SnapshotSpace(const std::filesystem::path& directory, int mounts,
                             const std::filesystem::path& run_dir,
                             const std::filesystem::path& private_dir)
    : directory_(directory), run_dir_(run_dir), private_dir_(private_dir) {
  auto [report_read, report_write] = Pipe();
  auto [go_read, go_write] = Pipe();
  const Work work = {directory.c_str(),  mounts,       run_dir.c_str(), private_dir.c_str(),
                     report_write.get(), go_read.get()};
  sigset_t all;
  sigset_t old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);  // no handler of the harness runs in the child
  // Not unshare(2) and fork(2): the calling thread could start no thread any more. All signals stay
  // blocked there.
  pid_ = clone(Hold, stack_.data() + stack_.size(), CLONE_NEWPID | CLONE_VM | SIGCHLD,
               const_cast<Work*>(&work));
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  if (pid_ < 0) {
    throw CannotCarry(fmt::format("there can be no process ids of a forked target's own: {}",
                                  std::strerror(error)));
  }
  own_child_.emplace(pid_);
  report_write.reset();
  try {
    ThrowUnlessDone(report_read.get());
    view_.reset(open(fmt::format("/proc/{}/ns/mnt", pid_).c_str(), O_RDONLY | O_CLOEXEC));
    const char kGo = 1;
    if (!view_ || write(go_write.get(), &kGo, 1) != 1) {
      throw CannotCarry("the forked target's view of files cannot be opened");
    }
    ThrowUnlessDone(report_read.get());
  } catch (...) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, __WALL);
    throw;
  }
}

SnapshotSpace::~SnapshotSpace() {
  if (is_entered_) {
    // Or this thread could not remove the directory.
    umount2(private_dir_.c_str(), MNT_DETACH);
    for (const std::filesystem::path& place : {run_dir_, directory_}) {
      umount2((place / kHugeDir).c_str(), MNT_DETACH);
    }
  }
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

void SnapshotSpace::Enter() {
  if (unshare(CLONE_FS) != 0 || setns(view_.get(), CLONE_NEWNS) != 0) {
    throw CannotCarry(fmt::format("its view of files cannot be entered: {}", std::strerror(errno)));
  }
  is_entered_ = true;
}

std::string SnapshotSpace::PidNamespace() const { return fmt::format("/proc/{}/ns/pid", pid_); }
std::string SnapshotSpace::MountNamespace() const { return fmt::format("/proc/{}/ns/mnt", pid_); }

}  // namespace faultline
