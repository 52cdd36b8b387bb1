#include "harness/sweep/budget.h"

#include <charconv>

#include "harness/base/failure.h"

namespace faultline {
namespace {

// A year; far above any sense, far below any overflow.
constexpr int64_t kMost = 366LL * 24 * 60 * 60;

int64_t MsPer(std::string_view unit) {
  if (unit == "s") {
    return 1'000;
  }
  if (unit == "m" || unit == "min") {
    return 60'000;
  }
  return unit == "h" ? 3'600'000 : 0;
}

}  // namespace

Budget ParseBudget(const std::string& text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), end, number);
  std::string_view unit(behind, static_cast<size_t>(end - behind));
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  Budget budget;
  if (error == std::errc() && number > 0 && number <= kMost) {
    if (unit.empty() || unit == "runs" || unit == "run") {
      budget.runs = number;
      return budget;
    }
    if (const int64_t ms = MsPer(unit); ms != 0) {
      budget.time_ms = number * ms;
      return budget;
    }
  }
  throw Failure::BadInput("--budget " + text +
                          ": expected a time (90s, 15m, 2h) or a number of runs (500runs)");
}

}  // namespace faultline
