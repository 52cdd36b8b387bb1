#pragma once

#include <sys/types.h>

#include <cstdint>

#include "harness/target/clock.h"

namespace faultline {

// How long a thread of process `pid` has been ready to run without getting a CPU, in milliseconds:
// the largest over its threads (/proc/PID/task/TID/schedstat). 0 when that cannot be read.
int64_t RunDelayMs(pid_t pid);

// A time limit that an overloaded machine cannot make a false hang of: time that the target spent
// waiting for a CPU does not count; at most twice the limit is given on top.
class Patience {
 public:
  Patience(pid_t pid, int64_t limit_ms);

  Deadline deadline() const { return deadline_; }
  // To be asked when the deadline has passed: true when it was put off, for the target was kept
  // waiting meanwhile.
  bool Extend();

  // True when a wait that took `took_ms` ended at the most that is given for `limit_ms`: then the
  // target may have had less time than the limit.
  static bool WasSpent(int64_t took_ms, int64_t limit_ms);

 private:
  pid_t pid_;
  int64_t limit_ms_;
  int64_t delay_before_ms_;
  int64_t granted_ms_ = 0;
  Deadline deadline_;
};

}  // namespace faultline
