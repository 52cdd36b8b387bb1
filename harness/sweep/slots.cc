#include "harness/sweep/slots.h"

#include <algorithm>

namespace faultline {

int Slots::Brisk(Clock::time_point now, Clock::time_point& next_slow) const {
  int brisk = 0;
  for (const auto& [id, since] : running_) {
    if (since + slow_after_ > now) {
      ++brisk;
      next_slow = std::min(next_slow, since + slow_after_);
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
    running_.erase(id);
    alone_ = false;
  }
  changed_.notify_all();
}

}  // namespace faultline
