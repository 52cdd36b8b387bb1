#pragma once

#include <cstdint>
#include <string>

namespace faultline {

// A wait for the target: what it was given, why it was given more, and what the target itself got
// meanwhile. All times in milliseconds.
struct WaitAccount {
  std::string for_what = {};  // "the target to be ready": goes on from "waited for"
  int64_t limit_ms = 0;       // what it was given at first; 0 = there was no wait
  int64_t most_ms = 0;        // what a target that gets on is given in all; limit_ms = no more
  int64_t took_ms = 0;
  int64_t for_cpu_ms = 0;     // put off by so much: its threads were kept waiting for a CPU
  bool got_on = false;        // put off once more, since it got on when its limit had passed
  std::string progress = {};  // how it got on last; "" = nothing was seen
  std::string retried = {};  // the fault point that it called again and again to the end; "" = none
  uint64_t retries = 0;      // how often that was made to fail during the wait
  int64_t ran_ms = 0;        // CPU time of all its threads during the wait
  int64_t waited_ms = 0;     // time that its threads were ready to run and had no CPU, in sum
  bool limit_is_own = false;  // the scenario wrote the limit down; else it is of fault-free runs

  // It may have had less time than its limit: the machine gave its CPUs to others for longer than
  // is made up for. A hang that such a wait shows is to be believed only when it comes again.
  bool WasStarved() const;
  // Of the time that its threads wanted to run, the part in which they had no CPU; 0 to 1.
  double WaitShare() const;
  // One sentence for a developer: what was waited for, for how long, the limit, what was added and
  // why. Without a full stop.
  std::string ToString() const;
};

// WaitAccount::for_what of a step `wait_ready` (what tells it follows), and of `wait_exit`.
inline constexpr char kForReady[] = "the target to be ready";
inline constexpr char kForItsEnd[] = "the target to end";

// Of the limit, the most that is added for time without a CPU.
inline constexpr int64_t kMostTimesForCpu = 2;

}  // namespace faultline
