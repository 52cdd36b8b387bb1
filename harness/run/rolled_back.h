#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/run/live_run.h"
#include "harness/run/step_runner.h"
#include "harness/scenario/scenario.h"

namespace faultline {

struct FaultFreeAnswer;

// Looks whether a request that fails under a fault leaves the target's state as it was. Before a
// request in which a call may fail, the profile's state probes are asked. When it has failed so,
// they are asked again and the same request is sent again, while nothing is made to fail and no
// call is counted; what became of it is Evidence::rollback_checks. In a fault-free run
// (RunRequest::note_changes) each request's answer is told how much it changed; in a run without
// faults (RunRequest::check_refused) a refused request must add nothing. Costs nothing where the
// profile has no state probes, once all faults have hit their calls, and of steps that are no plain
// request. One thread, one life of the target.
class RolledBack {
 public:
  // Borrowed.
  RolledBack(LiveRun& run, StepRunner& runner);

  // What of earlier steps, and of Before() for the step that goes on, matters to later ones.
  struct Memory {
    std::set<std::string> outstanding;  // names of steps whose requests are not answered yet
    std::set<std::string> unknown;      // probes that this target has no method for
    std::optional<TargetState> before;  // of the step that goes on
    int64_t looked_ms = 0;
  };
  const Memory& memory() const { return memory_; }
  void Remember(Memory memory) { memory_ = std::move(memory); }

  // A target that does not tell its state in time hangs: `result` is then that of the step, which
  // has timed out (StepResult::silent_probe).
  // False when it hung already, and the step is not to be begun.
  bool Before(const Step& step, int index, StepResult& result);
  // `result` is how the step ended; its detail is told what came of the check. True when the
  // request has succeeded after all, so that the scenario goes on.
  bool After(const Step& step, StepResult& result);

 private:
  const RpcStep* Checked(const Step& step) const;
  bool MayStillFail() const;
  bool OthersAct() const;
  void NoteOutstanding(const Step& step);
  const PartialFailure* Partial(const std::string& method) const;
  bool WasRefused(const RpcStep& rpc, const StepResult& result) const;
  bool SucceededUnderFault(const RpcStep& rpc, const StepResult& result) const;
  bool FailedUnderFault(const RpcStep& rpc, const StepResult& result) const;
  std::optional<TargetState> Look(const std::string& connection);
  void NoteSilence(const std::string& method, WaitAccount wait);
  void TimeOut(StepResult& result) const;
  // Until nothing differs from before, or the target has had its time.
  std::vector<StateChange> Changes(const std::string& connection);
  std::optional<int> CountChanges(const std::string& connection);
  bool SendAgain(const Step& step, RollbackCheck& check);
  // Where the fault-free run is known, what it adds there is waited for.
  void NoteChanges(const RpcStep& rpc, const StepResult& result);
  const FaultFreeAnswer* ModelOfLast() const;
  std::vector<std::string> Promised(const std::vector<StateChange>& changes) const;

  LiveRun& run_;
  StepRunner& runner_;
  Memory memory_;
  std::string silent_probe_;  // that the target did not answer in time
  WaitAccount silence_;       // for that answer
};

}  // namespace faultline
