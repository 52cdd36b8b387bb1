#include "harness/run/steps.h"

#include <iterator>
#include <utility>

#include "harness/run/step_runner.h"

namespace faultline {
namespace {

using Status = StepResult::Status;

// Faults that become active with this step.
void ArmFrom(LiveRun& run, const Step& step) {
  for (const Fault& fault : run.request().faults) {
    if (!step.name.empty() && fault.from_step == step.name) {
      run.ArmIfPlanned(fault.id);
    }
  }
}

// Must what comes after it be left out?
bool StopsTheRest(const StepResult& result, const Step& step, const LiveRun& run) {
  if (result.status == Status::kDone || result.status == Status::kSkipped) {
    return false;
  }
  const bool may_fail = step.tolerance == Tolerance::kMayFailCleanly;
  return !may_fail || run.exited() || result.status == Status::kTargetGone;
}

}  // namespace

size_t RunSteps(LiveRun& run, size_t first) {
  bool failed = false;
  StepRunner runner(run);
  const std::vector<Step>& steps = run.request().scenario.steps;
  size_t i = first;
  for (; i < steps.size() && !std::holds_alternative<RestartStep>(steps[i].action); ++i) {
    const Step& step = steps[i];
    const int index = static_cast<int>(i) + 1;
    StepResult result;
    if (failed && !step.even_if_gone) {
      result.index = index;
      result.title = step.Title();
      result.begin_ms = run.now_ms();
      result.status = Status::kSkipped;
      result.detail = "an earlier step did not end as expected";
    } else {
      run.BeginStep(index, step.name);
      ArmFrom(run, step);
      result = runner.Run(step, index);
      failed |= StopsTheRest(result, step, run);
    }
    std::vector<LostCompanion> lost = run.companions().TakeLost(index);
    std::move(lost.begin(), lost.end(), std::back_inserter(run.evidence().lost_companions));
    run.evidence().steps.push_back(std::move(result));
  }
  return i;
}

}  // namespace faultline
