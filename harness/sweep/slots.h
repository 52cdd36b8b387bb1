#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "harness/sweep/idle_cpus.h"

namespace faultline {

// Who may run now. At most `jobs` runs go on at a time, but one that takes longer than
// `slow_after`, and longer than the last runs by far (it most likely hangs, and waits for its
// limit), gives its place away while a CPU is idle, up to twice as many runs in all. Most targets
// poll, and a hung one that spins needs its CPU: beside it nothing would be won, and the limits of
// all would be put off. On a machine that others keep busy no run gives its place away either. A
// run that asks to be alone waits for the others and keeps new ones from starting. Thread-safe.
class Slots {
 public:
  using Clock = std::chrono::steady_clock;

  // See IdleCpus::Measure.
  using IdleProbe = std::function<std::optional<double>()>;

  Slots(int jobs, Clock::duration slow_after)
      : Slots(jobs, slow_after, [cpus = IdleCpus()]() mutable { return cpus.Measure(); }) {}
  Slots(int jobs, Clock::duration slow_after, IdleProbe idle_cpus)
      : jobs_(jobs), slow_after_(slow_after), idle_cpus_(std::move(idle_cpus)) {}

  // Held while a run goes on.
  class Place {
   public:
    Place(Slots& slots, bool alone) : slots_(slots), id_(slots.Enter(alone)) {}
    ~Place() { slots_.Leave(id_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Slots& slots_;
    int id_;
  };

  // From which duration on a run counts as slow now.
  Clock::duration slow_after() {
    const std::lock_guard lock(mutex_);
    return SlowAfter();
  }
  // How many threads can be of use.
  int most_threads() const { return 2 * jobs_; }

 private:
  int Enter(bool alone);
  void Leave(int id);
  Clock::duration SlowAfter() const;
  // Runs that are not slow, and when the next of them will be.
  int Brisk(Clock::time_point now, Clock::time_point& next_slow) const;
  // May one more begin? If not, and a CPU that gets idle could change that, `look_again` is brought
  // forward.
  bool IsFree(bool alone, Clock::time_point& look_again);

  const int jobs_;
  const Clock::duration slow_after_;
  const IdleProbe idle_cpus_;
  std::mutex mutex_;
  Clock::duration usual_{};  // a mean of how long runs took, the last ones first
  std::condition_variable changed_;
  std::map<int, Clock::time_point> running_;  // by id, since when
  int next_id_ = 0;
  int waiting_alone_ = 0;
  bool alone_ = false;
};

}  // namespace faultline
