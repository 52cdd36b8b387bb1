#include "harness/sweep/slots.h"

#include <algorithm>

namespace faultline {
namespace {

// How much longer than usual a slow run takes, and over how many runs the mean goes.
constexpr int kSlowFactor = 3;
constexpr int kMeanOver = 8;

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

int Slots::Enter(bool alone) {
  std::unique_lock lock(mutex_);
  waiting_alone_ += alone ? 1 : 0;
  while (true) {
    const Clock::time_point now = Clock::now();
    Clock::time_point next_slow = Clock::time_point::max();
    const int brisk = Brisk(now, next_slow);
    const bool free = alone ? running_.empty()
                            : !alone_ && waiting_alone_ == 0 && brisk < jobs_ &&
                                  static_cast<int>(running_.size()) < most_threads();
    if (free) {
      break;
    }
    if (next_slow == Clock::time_point::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, next_slow);
    }
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
