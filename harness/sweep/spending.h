#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "harness/sweep/budget.h"
#include "harness/sweep/queue_request.h"
#include "harness/target/clock.h"

namespace faultline {

// What a sweep has spent of its budget, and what it may still begin. Until Begin nothing is
// limited; a census never is. One thread.
class Spending {
 public:
  using Purpose = QueueRequest::Purpose;

  // How runs go at the moment.
  struct Pace {
    Clock::time_point now;
    Clock::duration usual{};  // what one takes
    int jobs = 1;             // so many at a time
  };

  explicit Spending(const Budget& budget) : budget_(budget) {}

  // What is spent counts from here on.
  void Begin(Clock::time_point now);
  // Visits leave so many runs for confirming what they found, and beside the time that so many
  // usual ones take `alone` for runs that go on alone, but never more than half of the budget.
  void Keep(int64_t runs, Clock::duration alone);

  // A run for `purpose` is made.
  void CountRun(Purpose purpose);
  int64_t runs() const { return runs_; }
  int64_t ElapsedMs(Clock::time_point now) const;  // since Begin

  // Whether a run may be made that is `expected` to take so long (0: as long as usual).
  bool Allows(Purpose purpose, std::chrono::milliseconds expected, const Pace& pace) const;
  // The same, whatever the number of runs.
  bool HasTime(Purpose purpose, std::chrono::milliseconds expected, const Pace& pace) const;

 private:
  bool IsFree(Purpose purpose) const { return !since_ || purpose == Purpose::kCensus; }

  const Budget budget_;
  std::optional<Clock::time_point> since_;
  int64_t runs_ = 0;
  int64_t kept_runs_ = 0;
  Clock::duration kept_alone_{};
};

}  // namespace faultline
