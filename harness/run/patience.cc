#include "harness/run/patience.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace faultline {
namespace {

using std::chrono::milliseconds;

// Less than a tenth of the limit at a time would change no verdict.
constexpr int64_t kLeastPart = 10;
// Between two attempts of a target that tries again.
constexpr int64_t kLeastQuietMs = 100;
constexpr int64_t kMostQuietMs = 3'000;
constexpr int kLooksWhileQuiet = 4;

}  // namespace

Patience::Patience(pid_t pid, WaitAccount wait, Look look, pid_t harness)
    : wait_(std::move(wait)),
      look_(wait_.most_ms > wait_.limit_ms ? std::move(look) : Look()),
      cpu_(pid),
      harness_cpu_(harness),
      begin_(Clock::now()),
      quiet_(std::clamp(wait_.limit_ms / 2, kLeastQuietMs, kMostQuietMs)),
      end_(begin_ + milliseconds(wait_.limit_ms)) {
  deadline_ = look_ ? std::max(begin_, end_ - quiet_) : end_;
}

void Patience::LookNow() {
  if (!look_) {
    return;
  }
  std::optional<std::string> progress = look_();
  if (progress && looked_) {
    last_progress_ = Clock::now();
    wait_.got_on |= *last_progress_ >= begin_ + milliseconds(wait_.limit_ms);
    wait_.progress = std::move(*progress);
  }
  looked_ = true;
}

void Patience::SetDeadline() {
  deadline_ = look_ ? std::min(end_, Clock::now() + quiet_ / kLooksWhileQuiet) : end_;
}

bool Patience::Extend() {
  LookNow();
  wait_ = Account();  // of one that has ended nothing can be read any more
  const bool goes_on = Clock::now() < end_ || ExtendForCpu() || ExtendForProgress();
  SetDeadline();
  return goes_on;
}

// Threads may wait one for the other, and each for a CPU: the sum is what is lost, as far as there
// was so much time.
int64_t Patience::LostMs(int64_t of_ms) const {
  const int64_t waited_ms = (cpu_.Since().waited_ns + harness_cpu_.Since().waited_ns) / 1'000'000;
  return std::min({waited_ms, MsSince(begin_), kMostTimesForCpu * of_ms});
}

bool Patience::ExtendForCpu() {
  const int64_t lost_ms = LostMs(wait_.limit_ms);
  const int64_t more_ms = lost_ms - wait_.for_cpu_ms;
  if (more_ms <= wait_.limit_ms / kLeastPart) {
    return false;
  }
  wait_.for_cpu_ms = lost_ms;
  end_ += milliseconds(more_ms);
  return Clock::now() < end_;
}

bool Patience::ExtendForProgress() {
  const Clock::time_point last = begin_ + milliseconds(wait_.most_ms + LostMs(wait_.most_ms));
  if (!last_progress_ || Clock::now() >= std::min(last, *last_progress_ + quiet_)) {
    return false;
  }
  wait_.got_on = true;
  end_ = std::min(last, *last_progress_ + quiet_);
  return true;
}

WaitAccount Patience::Account() const {
  WaitAccount account = wait_;
  const CpuUse::Times times = cpu_.Since();
  account.took_ms = MsSince(begin_);
  account.ran_ms = std::max(wait_.ran_ms, times.ran_ns / 1'000'000);
  account.waited_ms = std::max(wait_.waited_ms, times.waited_ns / 1'000'000);
  return account;
}

}  // namespace faultline
