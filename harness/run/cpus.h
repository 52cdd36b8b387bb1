#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "harness/base/unique_fd.h"

namespace faultline {

// The CPU that a run's first thread is to have. DPDK pins its threads: the first of every program
// that is told nothing else goes to CPU 0, and runs at the same time would share that one, while
// others are idle. A claim is a bound abstract UNIX socket (unix(7)): the kernel gives it back
// whatever becomes of its holder, and all harnesses of the machine see it.
class CpuClaim {
 public:
  // Of the CPUs that this process may use, and that have the memory of the first of them near (NUMA
  // node), takes the first that nobody has claimed; when there is none, the first of those with the
  // fewest claims. Claims of another `family` do not count.
  explicit CpuClaim(const std::string& family = "faultline");

  int cpu() const { return cpu_; }
  // The next of them, for a second thread; the same when there is only one.
  int second_cpu() const { return second_cpu_; }
  // How many had claimed the CPU before.
  int sharers() const { return sharers_; }

 private:
  UniqueFd socket_;
  int cpu_ = 0;
  int second_cpu_ = 0;
  int sharers_ = 0;
};

// The CPUs that a CpuClaim of this process would choose from, and how many of them are claimed now,
// by whichever process of this machine (of its network namespace, to which abstract addresses
// belong).
struct ClaimedCpus {
  int usable = 0;
  int claimed = 0;
};
ClaimedCpus CountClaimedCpus(const std::string& family = "faultline");

// How many of the CPUs that this process may use have nothing to do, as the kernel counts (proc(5),
// /proc/stat). One thread at a time.
class IdleCpus {
 public:
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;

  // The kernel counts in hundredths of a second: what is shorter says nothing, and what is longer
  // is long ago.
  static constexpr std::chrono::milliseconds kShortest{100};
  static constexpr std::chrono::milliseconds kLongest{1'000};

  // `stat` is the kernel's file.
  explicit IdleCpus(std::filesystem::path stat = "/proc/stat") : stat_(std::move(stat)) {}

  // The mean since the last call. Nothing when that one was not kShortest to kLongest ago, or when
  // the kernel does not say. Calls that come too soon do not count.
  std::optional<double> Measure(Clock::time_point now = Clock::now());

 private:
  std::optional<Seconds> TotalIdle() const;  // of those CPUs, since the boot

  std::filesystem::path stat_;
  Clock::time_point begin_;
  std::optional<Seconds> idle_before_;  // at begin_
};

}  // namespace faultline
