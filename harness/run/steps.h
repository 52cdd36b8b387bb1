#pragma once

#include "harness/run/live_run.h"

namespace faultline {

// Arms those faults of the target that become active with this step.
void ArmFrom(LiveRun& run, const Step& step);

// Must what comes after it be left out?
bool StopsTheRest(const StepResult& result, const Step& step, const LiveRun& run);

}  // namespace faultline
