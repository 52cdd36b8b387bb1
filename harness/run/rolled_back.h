#pragma once

#include <string>
#include <utility>

#include "harness/evidence/evidence.h"
#include "harness/run/live_run.h"
#include "harness/run/state_look.h"
#include "harness/run/step_runner.h"
#include "harness/scenario/scenario.h"

namespace faultline {

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
  using Memory = StateLook::Memory;
  const Memory& memory() const { return look_.memory(); }
  void Remember(Memory memory) { look_.Remember(std::move(memory)); }

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
  const PartialFailure* Partial(const std::string& method) const;
  bool WasRefused(const RpcStep& rpc, const StepResult& result) const;
  bool SucceededUnderFault(const RpcStep& rpc, const StepResult& result) const;
  bool FailedUnderFault(const RpcStep& rpc, const StepResult& result) const;
  bool Check(const Step& step, const RpcStep& rpc, StepResult& result);
  bool SendAgain(const Step& step, RollbackCheck& check);

  LiveRun& run_;
  StepRunner& runner_;
  StateLook look_;
};

}  // namespace faultline
