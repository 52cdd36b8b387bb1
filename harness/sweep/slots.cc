#include "harness/sweep/slots.h"

#include <algorithm>

namespace faultline {
namespace {

// How much longer than usual a slow run takes, and over how many runs the mean goes.
constexpr int kSlowFactor = 3;
constexpr int kMeanOver = 8;

// Less than half a CPU is no place for a run.
constexpr double kIdleEnough = 0.5;

}  // namespace

Slots::Clock::duration Slots::SlowAfter() const {
  return std::max(slow_after_, kSlowFactor * usual_);
}

int Slots::Brisk(Clock::time_point now, Clock::time_point& next_slow) const {
  int brisk = 0;
  for (const auto& [id, since] : running_) {
    if (since + SlowAfter() > now) {
      ++brisk;
      next_slow = std::min(next_slow, since + SlowAfter());
    }
  }
  return brisk;
}

bool Slots::IsFree(bool alone, Clock::time_point& look_again) {
  if (alone) {
    return running_.empty();
  }
  const auto running = static_cast<int>(running_.size());
  if (alone_ || waiting_alone_ > 0 || running >= most_threads()) {
    return false;
  }
  if (running < jobs_) {
    return true;
  }
  const Clock::time_point now = Clock::now();
  if (Brisk(now, look_again) >= jobs_) {
    return false;
  }
  const std::optional<double> idle = idle_cpus_();
  if (idle && *idle >= kIdleEnough) {
    return true;
  }
  look_again = std::min(look_again, now + IdleCpus::kShortest);
  return false;
}

int Slots::Enter(bool alone) {
  std::unique_lock lock(mutex_);
  waiting_alone_ += alone ? 1 : 0;
  Clock::time_point look_again = Clock::time_point::max();
  while (!IsFree(alone, look_again)) {
    if (look_again == Clock::time_point::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, look_again);
    }
    look_again = Clock::time_point::max();
  }
  waiting_alone_ -= alone ? 1 : 0;
  alone_ = alone;
  running_[next_id_] = Clock::now();
  return next_id_++;
}

void Slots::Leave(int id) {
  {
    const std::lock_guard lock(mutex_);
    // A hang is no news about the machine.
    const Clock::duration took = Clock::now() - running_.at(id);
    usual_ += (std::min(took, SlowAfter()) - usual_) / kMeanOver;
    running_.erase(id);
    alone_ = false;
  }
  changed_.notify_all();
}

}  // namespace faultline
