#pragma once

#include <cstddef>

#include "harness/evidence/evidence.h"
#include "harness/scenario/scenario.h"

namespace faultline {

// The stop command (`stop: {run: ...}`) that failed twice under a fault, as the step behind the
// last: a run tells it so (run/stop.h). nullptr = there is none.
inline const StepResult* FailedStopCommand(const Evidence& evidence, const Scenario& scenario) {
  for (const StepResult& result : evidence.steps) {
    if (result.index > 0 && static_cast<size_t>(result.index) > scenario.steps.size() &&
        result.status == StepResult::Status::kUnmet) {
      return &result;
    }
  }
  return nullptr;
}

}  // namespace faultline
