#include "harness/run/patience.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace faultline {
namespace {

constexpr int64_t kMostTimesLimit = 2;
// Less than a tenth of the limit at a time would change no verdict.
constexpr int64_t kLeastPart = 10;

}  // namespace

int64_t RunDelayMs(pid_t pid) {
  int64_t longest_ns = 0;
  std::error_code error;
  const std::filesystem::path tasks = "/proc/" + std::to_string(pid) + "/task";
  for (auto task = std::filesystem::directory_iterator(tasks, error);
       !error && task != std::filesystem::directory_iterator(); task.increment(error)) {
    int64_t ran_ns = 0;
    int64_t waited_ns = 0;
    if (std::ifstream(task->path() / "schedstat") >> ran_ns >> waited_ns) {
      longest_ns = std::max(longest_ns, waited_ns);
    }
  }
  return longest_ns / 1'000'000;
}

Patience::Patience(pid_t pid, int64_t limit_ms)
    : pid_(pid),
      limit_ms_(limit_ms),
      delay_before_ms_(RunDelayMs(pid)),
      deadline_(InMs(limit_ms)) {}

bool Patience::Extend() {
  const int64_t delayed_ms =
      std::min(RunDelayMs(pid_) - delay_before_ms_, kMostTimesLimit * limit_ms_);
  if (delayed_ms - granted_ms_ <= limit_ms_ / kLeastPart) {
    return false;
  }
  deadline_ += std::chrono::milliseconds(delayed_ms - granted_ms_);
  granted_ms_ = delayed_ms;
  return true;
}

bool Patience::WasSpent(int64_t took_ms, int64_t limit_ms) {
  return limit_ms > 0 && took_ms >= (1 + kMostTimesLimit) * limit_ms - limit_ms / kLeastPart;
}

}  // namespace faultline
