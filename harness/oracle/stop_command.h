#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "harness/evidence/evidence.h"
#include "harness/scenario/scenario.h"

namespace faultline {

// What has asked the target to stop: "the stop signal", "the stop request", "the stop command",
// "the stop text"; "the last step" of one that runs to completion.
inline std::string StopAskedBy(const Evidence& evidence) {
  constexpr std::string_view kAfter = " to end after ";
  const std::string& wait = evidence.stop_wait.for_what;
  if (wait.ends_with("to run to its end")) {
    return "the last step";
  }
  const size_t after = wait.find(kAfter);
  return after == std::string::npos ? "the stop signal" : wait.substr(after + kAfter.size());
}

// What asks a target to stop (a command, a request, a typed text; StepResult::title says which) and
// failed twice under a fault, as the step behind the last: a run tells it so (run/stop.h). nullptr
// = there is none.
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
