#include "harness/oracle/before_fault.h"

#include <algorithm>

namespace faultline {
namespace {

using Status = StepResult::Status;

bool Failed(const StepResult& step) {
  return step.status == Status::kUnmet || step.status == Status::kTimedOut ||
         step.status == Status::kTargetGone;
}

}  // namespace

bool FailedBeforeFault(const StepResult& step, const Evidence& evidence) {
  if (!Failed(step)) {
    return false;
  }
  const auto first =
      std::ranges::min_element(evidence.injections, [](const Injection& a, const Injection& b) {
        return a.step != b.step ? a.step < b.step : a.time_ms < b.time_ms;
      });
  if (first == evidence.injections.end()) {
    return false;
  }
  // A call may fail while nobody waits, behind the step that was the last to begin.
  return step.index < first->step ||
         (step.index == first->step && step.begin_ms + step.duration_ms < first->time_ms);
}

bool CameBeforeFault(const Finding& finding, const Evidence& evidence) {
  return std::ranges::any_of(evidence.steps, [&](const StepResult& step) {
    return step.index == finding.step && FailedBeforeFault(step, evidence);
  });
}

}  // namespace faultline
