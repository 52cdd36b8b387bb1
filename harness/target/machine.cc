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
#include <vector>

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

// Root could change the pool a moment ago; nothing more can be done from a destructor.
void TakeOutOfThePool(int64_t pages) {
  try {
    AddHugepages(-pages);
  } catch (const Failure&) {
  }
}

// What this process holds for its runs.
class Budget {
 public:
  static Budget& Get() {
    static Budget budget;
    return budget;
  }

  // False, and no change, when there are too few.
  bool Take(int64_t pages) {
    const std::lock_guard lock(mutex_);
    if (pages_ < pages) {
      return false;
    }
    pages_ -= pages;
    return true;
  }
  void Give(int64_t pages) {
    const std::lock_guard lock(mutex_);
    pages_ += pages;
  }
  void AddHolder() {
    const std::lock_guard lock(mutex_);
    ++holders_;
  }
  // Of what it gave. With the last one go the pages that were kept.
  void RemoveHolder(int64_t pages) {
    const std::lock_guard lock(mutex_);
    pages_ -= pages;
    if (--holders_ == 0) {
      for (auto& [added, watch] : kept_) {
        pages_ -= added;
        TakeOutOfThePool(added);
      }
      kept_.clear();
    }
  }
  // Pages that a run has added to the pool are for later ones, as long as there is a holder.
  bool Keep(int64_t added, Guardian::Watch& watch) {
    const std::lock_guard lock(mutex_);
    if (holders_ == 0) {
      return false;
    }
    pages_ += added;
    kept_.emplace_back(added, std::move(watch));
    return true;
  }

 private:
  std::mutex mutex_;
  int64_t pages_ = 0;
  int holders_ = 0;
  std::vector<std::pair<int64_t, Guardian::Watch>> kept_;
};

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
  if (Budget::Get().Take(needed)) {
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
    Budget::Get().Give(from_budget_);
  }
  if (added_ > 0 && !Budget::Get().Keep(added_, watch_)) {
    TakeOutOfThePool(added_);
  }
}

HugepageBudget::HugepageBudget(int mb) : reservation_(mb), pages_(PagesOf(mb)) {
  Budget::Get().AddHolder();
  Budget::Get().Give(pages_);
}

HugepageBudget::~HugepageBudget() { Budget::Get().RemoveHolder(pages_); }

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
