#include "harness/target/orphans.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <set>

#include "harness/base/failure.h"
#include "harness/target/proc_status.h"

namespace faultline {
namespace {

std::mutex& OrphansMutex() {
  static std::mutex mutex;
  return mutex;
}

std::set<pid_t>& OwnChildren() {
  static std::set<pid_t> pids;
  return pids;
}

}  // namespace

void AdoptOrphans() {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    throw Failure::FromErrno("prctl(PR_SET_CHILD_SUBREAPER)", errno);
  }
}

OwnChild::OwnChild(pid_t pid) : pid_(pid) {
  const std::lock_guard lock(OrphansMutex());
  OwnChildren().insert(pid);
}

OwnChild::~OwnChild() {
  const std::lock_guard lock(OrphansMutex());
  OwnChildren().erase(pid_);
}

void ReapOrphans(const std::vector<pid_t>& candidates) {
  const pid_t self = getpid();
  const pid_t own_session = getsid(0);
  const std::lock_guard lock(OrphansMutex());
  for (const pid_t pid : candidates) {
    const ProcStat stat = ReadProcStat(pid);
    if (stat.state == 'Z' && stat.parent == self && stat.session != own_session &&
        OwnChildren().count(pid) == 0) {
      waitpid(pid, nullptr, WNOHANG | __WALL);
    }
  }
}

}  // namespace faultline
