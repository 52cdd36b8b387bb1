#include "harness/run/steps.h"

namespace faultline {

using Status = StepResult::Status;

void ArmFrom(LiveRun& run, const Step& step) {
  for (const Fault& fault : run.request().faults) {
    if (!step.name.empty() && fault.from_step == step.name) {
      run.ArmIfPlanned(fault.id);
    }
  }
}

bool StopsTheRest(const StepResult& result, const Step& step, const LiveRun& run) {
  if (result.status == Status::kDone || result.status == Status::kSkipped) {
    return false;
  }
  const bool may_fail = step.tolerance == Tolerance::kMayFailCleanly;
  return !may_fail || run.exited() || result.status == Status::kTargetGone;
}

}  // namespace faultline
