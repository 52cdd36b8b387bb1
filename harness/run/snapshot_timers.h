#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include "harness/run/snapshot_steps.h"

namespace faultline {

// A timer of timer_create(2).
struct PosixTimer {
  int id = 0;
  int clock = 0;
  int signal = 0;
  uint64_t value = 0;     // sigev_value
  int notify = 0;         // SIGEV_*
  pid_t tid = 0;          // of SIGEV_THREAD_ID
  itimerspec times = {};  // what is left, and the interval
};

// What /proc/PID/timers says, without the times. In the order of their ids.
// CannotCarry names a timer that cannot be made again.
std::vector<PosixTimer> TimersIn(const std::string& text);

// Adds steps by which the carrier looks at the times of `timers`; where each is written.
std::vector<SnapshotSteps::Argument> AddTimerLooks(const std::vector<PosixTimer>& timers,
                                                   SnapshotSteps& steps);

// Adds steps by which the child makes them again, with the same ids, once it has its threads.
void AddTimers(const std::vector<PosixTimer>& timers, SnapshotSteps& steps);

}  // namespace faultline
