#pragma once

#include "harness/evidence/evidence.h"
#include "harness/run/live_run.h"
#include "harness/scenario/scenario.h"

namespace faultline {

// Does all steps of the scenario in turn and writes a StepResult for each into the evidence. After
// a step that did not end as expected the rest is skipped, but for steps that say even_if_gone. A
// target that may be gone (an expectation said so) is no mistake of the steps that follow: what
// needs it alive is skipped. Failure only for what the harness or the scenario cannot do.
void RunSteps(LiveRun& run);

}  // namespace faultline
