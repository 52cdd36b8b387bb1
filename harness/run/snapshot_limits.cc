#include "harness/run/snapshot_limits.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>

#include "harness/base/failure.h"
#include "harness/run/snapshot_memory.h"
#include "harness/run/snapshot_steps.h"
#include "harness/target/proc_status.h"

namespace faultline {

MemoryBudget::Share::Share(MemoryBudget& budget, int64_t mb, Interruption* interruption)
    : budget_(budget), mb_(mb) {
  std::unique_lock lock(budget_.mutex_);
  if (mb_ > budget_.mb_) {
    throw CannotCarry(
        fmt::format("a fork of it may take {} MB of memory, and {} are for all", mb_, budget_.mb_));
  }
  WaitFor(budget_.given_back_, lock, interruption, [this] { return budget_.free_mb_ >= mb_; });
  budget_.free_mb_ -= mb_;
}

MemoryBudget::Share::~Share() {
  const std::lock_guard lock(budget_.mutex_);
  budget_.free_mb_ += mb_;
  budget_.given_back_.notify_all();
}

int64_t HalfOfAvailableMb() {
  std::ifstream meminfo("/proc/meminfo");
  std::string line;
  while (std::getline(meminfo, line)) {
    if (line.starts_with("MemAvailable:")) {
      return std::stoll(line.substr(sizeof("MemAvailable:") - 1)) / 1024 / 2;
    }
  }
  return 0;
}

int64_t WritableMb(const std::vector<Mapping>& mappings) {
  // What is larger than any machine's memory is room for what is written about the rest, as
  // AddressSanitizer's shadow, a byte for each 8.
  constexpr uint64_t kReserved = uint64_t{1} << 40;
  constexpr uint64_t kShadowScale = 8;
  uint64_t bytes = 0;
  bool has_shadow = false;
  for (const Mapping& mapping : mappings) {
    const uint64_t size = mapping.end - mapping.begin;
    const bool counts =
        (mapping.protection & PROT_WRITE) != 0 && (!mapping.shared || IsNameless(mapping));
    has_shadow = has_shadow || (counts && size >= kReserved);
    bytes += counts && size < kReserved ? size : 0;
  }
  return static_cast<int64_t>((bytes + (has_shadow ? bytes / kShadowScale : 0)) >> 20);
}

void SetNice(pid_t pid, int nice) {
  for (const pid_t tid : ThreadIds(pid)) {
    setpriority(PRIO_PROCESS, static_cast<id_t>(tid), nice);
  }
}

LateNice::LateNice(EventLoop& loop, pid_t pid, int64_t after_ms)
    : loop_(loop), use_(pid), timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (!timer_) {
    throw Failure::FromErrno("timerfd_create", errno);
  }
  itimerspec when = {};
  when.it_value = when.it_interval = {after_ms / 1000, after_ms % 1000 * 1'000'000};
  timerfd_settime(timer_.get(), 0, &when, nullptr);
  loop_.Add(timer_.get(), [this, pid, after_ms] {
    constexpr int kNice = 10;
    uint64_t ticks = 0;
    [[maybe_unused]] const ssize_t got = read(timer_.get(), &ticks, sizeof(ticks));
    if (use_.Since().ran_ns / 1'000'000 >= after_ms) {
      SetNice(pid, kNice);
      loop_.Remove(timer_.get());
    }
  });
}

LateNice::~LateNice() { loop_.Remove(timer_.get()); }

}  // namespace faultline
