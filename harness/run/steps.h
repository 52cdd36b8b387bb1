#pragma once

#include <functional>

#include "harness/run/live_run.h"
#include "harness/run/rolled_back.h"
#include "harness/run/step_runner.h"

namespace faultline {

struct DoneStep {
  StepResult result;
  bool stops_the_rest = false;  // what comes after it is to be left out
};

// Does a step of one target, with what is looked at before it and behind it: the same in a run from
// the start, in a carrier, and in what is forked of it. `begin` is called when the target's state
// has been looked at, before anything is asked of it. `index` counts from 1. `goes_on`: the step
// began in the carrier, where the state was looked at, and its clients go on with what was sent.
DoneStep DoStep(LiveRun& run, StepRunner& runner, RolledBack& rolled_back, const Step& step,
                int index, bool goes_on, const std::function<void()>& begin);

// A step that is left out, since an earlier one did not end as expected.
StepResult SkippedStep(const LiveRun& run, const Step& step, int index);

// Arms those faults of the target that become active with this step.
void ArmFrom(LiveRun& run, const Step& step);

}  // namespace faultline
