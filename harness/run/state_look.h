#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/run/live_run.h"
#include "harness/scenario/scenario.h"
#include "harness/target/clock.h"

namespace faultline {

// Looks at the target's state through the profile's state probes, and compares it with what it was
// before a step. A target that does not answer a probe in time hangs, which the step is told. One
// thread, one life of the target.
class StateLook {
 public:
  // Borrowed.
  explicit StateLook(LiveRun& run) : run_(run) {}

  // What of earlier steps, and of what was seen before the step that goes on, matters to later
  // ones.
  struct Memory {
    std::set<std::string> outstanding;  // names of steps whose requests are not answered yet
    std::set<std::string> unknown;      // probes that this target has no method for
    std::optional<TargetState> before;  // of the step that goes on
    int64_t looked_ms = 0;
  };
  const Memory& memory() const { return memory_; }
  void Remember(Memory memory) { memory_ = std::move(memory); }

  // A step begins: what the last one was compared with is forgotten.
  void Forget();
  // What the step that goes on is compared with from now on.
  void TakeBefore(const std::string& connection) { memory_.before = Look(connection); }
  bool has_before() const { return memory_.before.has_value(); }
  int64_t looked_ms() const { return memory_.looked_ms; }

  // These need TakeBefore. nullopt when the target does not tell its state, or not all of it, in
  // time.
  std::optional<std::vector<StateChange>> ChangesNow(const std::string& connection);
  // Those that stay, without what may be the end of something earlier (WithoutEnds): looks until
  // nothing differs from before, or the target has had its time.
  std::vector<StateChange> LastingChanges(const std::string& connection);
  // Of a request that was just answered: what it brings about may come a little later.
  std::optional<int> CountChanges(const std::string& connection);

  // The probe that the target did not answer in time; "" = none.
  const std::string& silent_probe() const { return silent_probe_; }
  // `result` is then that of the step, which has timed out (StepResult::silent_probe). Nothing
  // otherwise.
  void TimeOut(StepResult& result) const;

  // Of each step that has ended. A request whose answer did not come in time stays outstanding.
  void NoteOutstanding(const Step& step, const StepResult& result);
  // Whether something else than the step's request may change the state meanwhile: a request that
  // has not been answered, another client, a fault that asks for something.
  bool OthersAct() const;

 private:
  std::optional<TargetState> Look(const std::string& connection);
  void NoteSilence(const std::string& method, WaitAccount wait);

  LiveRun& run_;
  Memory memory_;
  std::string silent_probe_;
  WaitAccount silence_;  // for its answer
};

// Looks again and again, at growing intervals, for as long as a target may take to take back or to
// bring about what it does after its answer.
class Settling {
 public:
  explicit Settling(LiveRun& run);
  bool is_over() const { return run_.exited() || Clock::now() >= end_; }
  void WaitALittle();

 private:
  LiveRun& run_;
  Clock::time_point end_;
  int64_t pause_ms_;
};

}  // namespace faultline
