#include "harness/evidence/wait.h"

#include <fmt/format.h>

namespace faultline {
namespace {

// Less than a tenth of the limit would change no verdict.
constexpr int64_t kLeastPart = 10;

}  // namespace

bool WaitAccount::WasStarved() const {
  return limit_ms > 0 && for_cpu_ms >= kMostTimesForCpu * limit_ms - limit_ms / kLeastPart;
}

double WaitAccount::WaitShare() const {
  const int64_t wanted = ran_ms + waited_ms;
  return wanted == 0 ? 0 : static_cast<double>(waited_ms) / static_cast<double>(wanted);
}

std::string WaitAccount::ToString() const {
  std::string text =
      fmt::format("waited {} ms for {}; the limit is {} ms ({})", took_ms, for_what, limit_ms,
                  limit_is_own ? "the scenario's" : "from its fault-free run");
  if (for_cpu_ms > 0) {
    text += fmt::format(
        "; {} ms were added, for which its threads, or faultline's, were ready to run and had no "
        "CPU (the machine was busy)",
        for_cpu_ms);
  }
  if (got_on) {
    text += fmt::format("; it may take up to {} ms in all while it gets on, as it did: {}", most_ms,
                        progress);
  }
  return text;
}

}  // namespace faultline
