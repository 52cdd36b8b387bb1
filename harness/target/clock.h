#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace faultline {

// The one clock of a run: monotonic, so that a change of the wall clock moves no limit.
using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

inline Deadline InMs(int64_t ms) { return Clock::now() + std::chrono::milliseconds(ms); }
inline constexpr Deadline kNoDeadline = Deadline::max();

// Whole milliseconds from `begin` to now.
inline int64_t MsSince(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
}

// The time left as poll(2) wants it: rounded up, so that a wait never ends before its deadline; 0
// when it has passed, -1 for kNoDeadline.
inline int PollTimeoutMs(Deadline deadline) {
  if (deadline == kNoDeadline) {
    return -1;
  }
  const auto now = Clock::now();
  if (deadline <= now) {
    return 0;
  }
  const int64_t ms = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<int>(ms < std::numeric_limits<int>::max() ? ms
                                                               : std::numeric_limits<int>::max());
}

}  // namespace faultline
