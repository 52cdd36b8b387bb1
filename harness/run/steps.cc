#include "harness/run/steps.h"

namespace faultline {

using Status = StepResult::Status;

namespace {

bool StopsTheRest(const StepResult& result, const Step& step, const LiveRun& run) {
  if (result.status == Status::kDone || result.status == Status::kSkipped) {
    return false;
  }
  const bool may_fail = step.tolerance == Tolerance::kMayFailCleanly;
  return !may_fail || run.exited() || result.status == Status::kTargetGone;
}

}  // namespace

void ArmFrom(LiveRun& run, const Step& step) {
  for (const Fault& fault : run.request().faults) {
    if (!step.name.empty() && fault.from_step == step.name) {
      run.ArmIfPlanned(fault.id);
    }
  }
}

DoneStep DoStep(LiveRun& run, StepRunner& runner, RolledBack& rolled_back, const Step& step,
                int index, bool goes_on, const std::function<void()>& begin) {
  DoneStep done;
  bool succeeded_again = false;
  if (goes_on || rolled_back.Before(step, index, done.result)) {
    begin();
    done.result = runner.Run(step, index);
    if (goes_on) {
      run.StopResuming();
    }
    succeeded_again = rolled_back.After(step, done.result);
  }
  done.stops_the_rest = !succeeded_again && StopsTheRest(done.result, step, run);
  return done;
}

StepResult SkippedStep(const LiveRun& run, const Step& step, int index) {
  StepResult result;
  result.index = index;
  result.title = step.Title();
  result.begin_ms = run.now_ms();
  result.status = Status::kSkipped;
  result.detail = "an earlier step did not end as expected";
  return result;
}

}  // namespace faultline
