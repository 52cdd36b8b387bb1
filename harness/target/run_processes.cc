#include "harness/target/run_processes.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "harness/base/unique_fd.h"
#include "harness/target/pidfd.h"
#include "harness/target/proc_status.h"
#include "harness/target/process.h"

namespace faultline {
namespace {

struct Found {
  RunProcess process;
  UniqueFd pidfd;
};

std::vector<Found> FindRunProcesses(const std::string& run_id) {
  const std::string wanted = '\0' + std::string(kRunIdVariable) + "=" + run_id + '\0';
  const uint64_t own_start = ReadProcStat(getpid()).start_ticks;
  std::vector<Found> found;
  for (const pid_t pid : AllPids()) {
    // What is older than this process is no process of its runs. That is most of a machine's
    // processes, and to read an environment costs more.
    if (pid == getpid() || ReadProcStat(pid).start_ticks < own_start) {
      continue;
    }
    // The descriptor first: it stays bound to the process whose environment is then read.
    UniqueFd pidfd(pidfd_open(pid, 0));
    if (pidfd && ('\0' + ReadEnvironment(pid)).find(wanted) != std::string::npos) {
      found.push_back({{pid, ProcessName(pid)}, std::move(pidfd)});
    }
  }
  return found;
}

void WaitGone(const Found& found, Deadline deadline) {
  pollfd entry = {.fd = found.pidfd.get(), .events = POLLIN, .revents = 0};
  while (poll(&entry, 1, PollTimeoutMs(deadline)) < 0 && errno == EINTR) {
  }
  waitpid(found.process.pid, nullptr, WNOHANG | __WALL);  // ECHILD when it is another's child
}

}  // namespace

std::vector<RunProcess> KillRunProcesses(const std::string& run_id, Deadline grace,
                                         Deadline deadline) {
  for (const Found& one : FindRunProcesses(run_id)) {
    WaitGone(one, grace);
  }
  std::vector<RunProcess> killed;
  while (true) {
    const std::vector<Found> found = FindRunProcesses(run_id);
    if (found.empty()) {
      return killed;
    }
    for (const Found& one : found) {
      pidfd_send_signal(one.pidfd.get(), SIGKILL, nullptr, 0);
    }
    for (const Found& one : found) {
      WaitGone(one, deadline);
      killed.push_back(one.process);
    }
    if (Clock::now() >= deadline) {
      return killed;
    }
  }
}

}  // namespace faultline
