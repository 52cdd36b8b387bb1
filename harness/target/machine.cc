#include "harness/target/machine.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <limits>
#include <mutex>
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

int64_t PagesOf(int mb) { return (mb + kHugepageMb - 1) / kHugepageMb; }

// Adds `pages` (may be negative) to what this process holds for its runs. False, and no change,
// when it has too few to take.
bool ChangeBudget(int64_t pages) {
  static std::mutex mutex;
  static int64_t budget = 0;
  const std::lock_guard lock(mutex);
  if (budget + pages < 0) {
    return false;
  }
  budget += pages;
  return true;
}

Failure TooFew(int64_t needed, int64_t available, const std::string& advice) {
  return Failure::CannotWork(
      fmt::format("the run needs {} free hugepages of 2 MiB, the machine has {}: {}", needed,
                  available, advice));
}

}  // namespace

HugepageReservation::HugepageReservation(int mb) {
  const int64_t needed = PagesOf(mb);
  if (!ReadHugepagePool()) {
    throw TooFew(needed, 0, "its kernel has no hugepages of that size");
  }
  if (needed == 0) {
    return;
  }
  if (ChangeBudget(-needed)) {
    from_budget_ = needed;
    return;
  }
  const bool is_root = geteuid() == 0;
  // Asked for too much, the kernel would first take all memory from everybody and then fail.
  const bool has_memory = needed * kHugepageMb <= AvailableMemoryMb() / 4 * 3;
  if (is_root && has_memory && Enlarge(needed)) {
    return;
  }
  const HugepagePool pool = *ReadHugepagePool();
  if (pool.available() >= needed) {
    return;
  }
  if (!is_root || !MayChangeHugepages()) {
    throw TooFew(needed, pool.available(),
                 fmt::format("as root{}, sysctl vm.nr_hugepages={}",
                             is_root ? " of the host, for /sys is read-only here" : "",
                             pool.total + needed - pool.available()));
  }
  throw TooFew(needed, pool.available(),
               has_memory ? "no more could be made; free memory is short or fragmented (echo 1 > "
                            "/proc/sys/vm/compact_memory, or reserve them at boot)"
                          : "it has not enough memory for the others");
}

// All of them or none; none where /sys may not be written, as in a container.
bool HugepageReservation::Enlarge(int64_t pages) {
  if (!MayChangeHugepages()) {
    return false;
  }
  // Told to the guardian first: a harness killed between the two lines costs the machine some
  // hugepages that the next run can ask for again; the other order could keep memory for good.
  watch_ = Guardian::Get().WatchHugepages(pages);
  added_ = AddHugepages(pages);
  if (added_ < pages) {
    AddHugepages(-std::exchange(added_, 0));
    watch_ = {};
  }
  return added_ > 0;
}

HugepageReservation::~HugepageReservation() {
  if (from_budget_ > 0) {
    ChangeBudget(from_budget_);
  }
  if (added_ > 0) {
    try {
      AddHugepages(-added_);
    } catch (const Failure&) {
      // Root could change it a moment ago; nothing more can be done from a destructor.
    }
  }
}

HugepageBudget::HugepageBudget(int mb) : reservation_(mb), pages_(PagesOf(mb)) {
  ChangeBudget(pages_);
}

HugepageBudget::~HugepageBudget() { ChangeBudget(-pages_); }

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
