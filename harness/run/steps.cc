#include "harness/run/steps.h"

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

}  // namespace

void RunSteps(LiveRun& run) {
  bool failed = false;
  StepRunner runner(run);
  const std::vector<Step>& steps = run.request().scenario.steps;
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    StepResult result;
    result.index = static_cast<int>(i) + 1;
    result.title = step.Title();
    result.begin_ms = run.now_ms();
    if (failed && !step.even_if_gone) {
      result.status = Status::kSkipped;
      result.detail = "an earlier step did not end as expected";
    } else {
      run.BeginStep(result.index);
      ArmFrom(run, step);
      runner.Select(step, result.index);
      result.limit_ms = runner.LimitMs();
      StepOutcome outcome = std::visit(runner, step.action);
      result.wait = runner.wait();
      result.unasked = runner.unasked();
      result.still_serves = runner.still_serves();
      result.status = outcome.status;
      result.detail = std::move(outcome.detail);
      result.duration_ms = run.now_ms() - result.begin_ms;
      failed |= result.status != Status::kDone && result.status != Status::kSkipped;
    }
    run.evidence().steps.push_back(std::move(result));
  }
}

}  // namespace faultline
