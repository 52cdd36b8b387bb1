#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "harness/evidence/wait.h"
#include "harness/target/clock.h"
#include "harness/target/cpu_use.h"

namespace faultline {

// A time limit that makes no false hang of a target that gets on, nor of one that an overloaded
// machine keeps waiting:
// - time that the target's threads, or those of the harness that serve it (a traced target stands
//   still until they have), were ready to run and had no CPU does not count; at most twice the
//   limit (kMostTimesForCpu) is given on top;
// - when the limit has passed and the target has got on a short while ago (half the limit, at
//   least 0.1 s, at most 3 s), it goes on until that is no longer so, up to a most, on top of which
//   time without a CPU is given likewise.
class Patience {
 public:
  // How the target has got on since the last call, as a clause; nullopt when it has not. The first
  // call only begins. Empty function: nobody looks.
  using Look = std::function<std::optional<std::string>()>;

  // Of a wait for process `pid`, which process `harness` serves (0: none): for_what, limit_ms,
  // most_ms and limit_is_own of `wait` are given.
  Patience(pid_t pid, WaitAccount wait, Look look = {}, pid_t harness = 0);

  // When Extend() is to be asked; before the limit that is so that it can look.
  Deadline deadline() const { return deadline_; }
  // True when the wait goes on.
  bool Extend();
  // The wait as it is now.
  WaitAccount Account() const;

 private:
  void LookNow();
  // Time without a CPU so far, as far as it counts for a time of `of_ms`.
  int64_t LostMs(int64_t of_ms) const;
  bool ExtendForCpu();
  bool ExtendForProgress();
  void SetDeadline();

  WaitAccount wait_;
  Look look_;
  CpuUse cpu_;
  CpuUse harness_cpu_;
  Clock::time_point begin_;
  std::chrono::milliseconds quiet_;
  Clock::time_point end_;  // the limit, as far as it was put off
  bool looked_ = false;
  std::optional<Clock::time_point> last_progress_;
  Deadline deadline_;
};

}  // namespace faultline
