#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

namespace faultline {

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
