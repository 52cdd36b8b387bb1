#include "harness/sweep/spending.h"

#include <algorithm>

namespace faultline {
namespace {

// The part of a budget that visits leave for confirming, at most.
constexpr int kKeptPart = 2;

int64_t Ms(Clock::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace

void Spending::Begin(Clock::time_point now) {
  if (!since_) {
    since_ = now;
  }
}

void Spending::Keep(int64_t runs, Clock::duration alone) {
  kept_runs_ = runs;
  kept_alone_ = alone;
}

void Spending::CountRun(Purpose purpose) {
  if (!IsFree(purpose)) {
    ++runs_;
  }
}

int64_t Spending::ElapsedMs(Clock::time_point now) const { return since_ ? Ms(now - *since_) : 0; }

bool Spending::Allows(Purpose purpose, std::chrono::milliseconds expected, const Pace& pace) const {
  const bool leaves_some = purpose == Purpose::kVisit;
  const int64_t kept = leaves_some ? std::min(kept_runs_, budget_.runs / kKeptPart) : 0;
  return IsFree(purpose) || (runs_ < budget_.runs - kept && HasTime(purpose, expected, pace));
}

bool Spending::HasTime(Purpose purpose, std::chrono::milliseconds expected,
                       const Pace& pace) const {
  if (IsFree(purpose)) {
    return true;
  }
  const int64_t usual_ms = Ms(pace.usual);
  int64_t kept_ms = 0;
  if (purpose == Purpose::kVisit) {
    kept_ms =
        std::min(kept_runs_ * usual_ms / pace.jobs + Ms(kept_alone_), budget_.time_ms / kKeptPart);
  }
  const int64_t left_ms = budget_.time_ms - kept_ms - ElapsedMs(pace.now);
  return left_ms > 0 && left_ms >= (expected.count() == 0 ? usual_ms : expected.count());
}

}  // namespace faultline
