#include "harness/target/machine.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include "harness/base/failure.h"

namespace faultline {
namespace {

// MiB that could be given out without swapping (/proc/meminfo).
int64_t AvailableMemoryMb() {
  std::ifstream meminfo("/proc/meminfo");
  std::string name;
  int64_t kib = 0;
  while (meminfo >> name >> kib && name != "MemAvailable:") {
    meminfo.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return name == "MemAvailable:" ? kib / 1024 : 0;
}

Failure TooFew(int64_t needed, int64_t available, const std::string& advice) {
  return Failure::CannotWork(
      fmt::format("the run needs {} free hugepages of 2 MiB, the machine has {}: {}", needed,
                  available, advice));
}

}  // namespace

HugepageReservation::HugepageReservation(int mb) {
  const int64_t needed = (mb + kHugepageMb - 1) / kHugepageMb;
  const std::optional<HugepagePool> pool = ReadHugepagePool();
  if (!pool) {
    throw TooFew(needed, 0, "its kernel has no hugepages of that size");
  }
  const int64_t missing = needed - pool->available();
  if (missing <= 0) {
    return;
  }
  if (geteuid() != 0) {
    throw TooFew(needed, pool->available(),
                 fmt::format("as root, sysctl vm.nr_hugepages={}", pool->total + missing));
  }
  // Asked for too much, the kernel would first take all memory from everybody and then fail.
  if (missing * kHugepageMb > AvailableMemoryMb() / 4 * 3) {
    throw TooFew(needed, pool->available(), "it has not enough memory for the others");
  }
  // Told to the guardian first: a harness killed between the two lines costs the machine some
  // hugepages that the next run can ask for again; the other order could keep memory for good.
  watch_ = Guardian::Get().WatchHugepages(missing);
  added_ = AddHugepages(missing);
  if (added_ < missing) {
    const int64_t got = added_;
    AddHugepages(-std::exchange(added_, 0));
    throw TooFew(needed, pool->available() + got,
                 "no more could be made; free memory is short or fragmented (echo 1 > "
                 "/proc/sys/vm/compact_memory, or reserve them at boot)");
  }
}

HugepageReservation::~HugepageReservation() {
  if (added_ > 0) {
    try {
      AddHugepages(-added_);
    } catch (const Failure&) {
      // Root could change it a moment ago; nothing more can be done from a destructor.
    }
  }
}

bool MayMount() {
  const pid_t child = fork();
  if (child == 0) {
    const bool may =
        unshare(CLONE_NEWNS) == 0 && mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    _exit(may ? 0 : 1);
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string LackOfHugepages(int mb, bool mount) {
  if (mount && !MayMount()) {
    return "a hugetlbfs mount of the run's own needs CAP_SYS_ADMIN, and a root directory that is a "
           "mount "
           "point (a chroot's is none)";
  }
  try {
    const HugepageReservation reservation(mb);
    return "";
  } catch (const Failure& failure) {
    return failure.what();
  }
}

}  // namespace faultline
