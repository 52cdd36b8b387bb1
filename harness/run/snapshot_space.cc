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

#include "harness/run/snapshot_steps.h"

namespace faultline {
namespace {

// What the holder reports: errno of what failed. 0: the files are as the harness is to see them,
// then, once it was told to go on, that they are as the target is.
struct Work {
  const char* directory;
  const char* run_dir;
  int report_fd;
  int go_fd;
};

int MakeView(const Work& work) {
  if (unshare(CLONE_NEWNS) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount(work.directory, work.run_dir, nullptr, MS_BIND, nullptr) != 0 ||
      mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") != 0) {
    return errno;
  }
  return 0;
}

// Only the target sees its own process ids below /proc.
int MakeTargetsView() {
  if (unshare(CLONE_NEWNS) != 0 ||
      mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    return errno;
  }
  return 0;
}

void Report(const Work& work, int error) {
  if (write(work.report_fd, &error, sizeof(error)) != sizeof(error) || error != 0) {
    _exit(1);
  }
}

// The holder's whole life. Process 1 of its namespace gets no signal but SIGKILL.
[[noreturn]] void Hold(const Work& work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "fl-snapshot");
  setsid();
  Report(work, MakeView(work));
  char go = 0;
  if (read(work.go_fd, &go, 1) != 1) {
    _exit(1);
  }
  Report(work, MakeTargetsView());
  close_range(0, ~0U, 0);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_SETMASK, &child, nullptr);
  for (;;) {
    while (waitpid(-1, nullptr, WNOHANG | __WALL) > 0) {
    }
    int signal = 0;
    sigwait(&child, &signal);
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

SnapshotSpace::SnapshotSpace(const std::filesystem::path& directory,
                             const std::filesystem::path& run_dir) {
  auto [report_read, report_write] = Pipe();
  auto [go_read, go_write] = Pipe();
  const Work work = {directory.c_str(), run_dir.c_str(), report_write.get(), go_read.get()};
  sigset_t all;
  sigset_t old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);  // no handler of the harness runs in the child
  // Not unshare(2) and fork(2): the calling thread could start no thread any more.
  pid_ = static_cast<pid_t>(
      syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (pid_ == 0) {
    Hold(work);
  }
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
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

void SnapshotSpace::Enter() const {
  if (unshare(CLONE_FS) != 0 || setns(view_.get(), CLONE_NEWNS) != 0) {
    throw CannotCarry(fmt::format("its view of files cannot be entered: {}", std::strerror(errno)));
  }
}

std::string SnapshotSpace::PidNamespace() const { return fmt::format("/proc/{}/ns/pid", pid_); }
std::string SnapshotSpace::MountNamespace() const { return fmt::format("/proc/{}/ns/mnt", pid_); }

}  // namespace faultline
