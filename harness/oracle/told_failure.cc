#include "harness/oracle/told_failure.h"

#include <algorithm>

#include "harness/base/line_pattern.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/ignored_failure.h"
#include "harness/oracle/last_error.h"
#include "harness/oracle/run_course.h"

namespace faultline {
namespace {

using Status = StepResult::Status;

// The step with which began what step `index` waits for: the text was typed, or the signal sent,
// before the lines that are to come of it.
int StepThatAsked(int index, const Scenario& scenario) {
  int asked = index;
  while (asked > 1 && StepActionAs<ExpectLogStep>(scenario, asked) != nullptr) {
    --asked;
  }
  return asked;
}

// The last step that waits for the target to be ready; 0 when there is none.
int StepOfStart(const Evidence& evidence, const Scenario& scenario) {
  int start = 0;
  for (const StepResult& step : evidence.steps) {
    start = StepActionAs<WaitReadyStep>(scenario, step.index) != nullptr ? step.index : start;
  }
  return start;
}

// Was a call made to fail while what was asked for in step `asked` went on, or before the target
// was ready?
bool Concerns(int asked, const Evidence& evidence, const OracleContext& context) {
  const int start = StepOfStart(evidence, context.scenario);
  return std::any_of(
      evidence.injections.begin(), evidence.injections.end(), [&](const Injection& injection) {
        return IsFailedCall(injection) && (injection.step <= start || injection.step >= asked);
      });
}

bool PrintsNewError(const StepResult& result, const OracleContext& context) {
  return TellsNewError(result.said, context) ||
         std::any_of(result.printed.begin(), result.printed.end(),
                     [&](const std::string& line) { return TellsNewError(line, context); });
}

}  // namespace

bool TellsNewError(const std::string& text, const OracleContext& context) {
  if (context.fault_free != nullptr && context.fault_free->Says(text)) {
    return false;
  }
  return ReportsError(text) ||
         std::any_of(context.profile.error_lines.begin(), context.profile.error_lines.end(),
                     [&](const std::string& line) { return LinePattern(line).Matches(text); });
}

bool WasToldOfFailure(const StepResult& result, const Evidence& evidence,
                      const OracleContext& context) {
  const bool waits_for_words =
      StepActionAs<ExpectLogStep>(context.scenario, result.index) != nullptr;
  const bool is_command = StepActionAs<CommandStep>(context.scenario, result.index) != nullptr;
  // A command that came to no end was told nothing.
  if (result.status != Status::kUnmet || (!waits_for_words && !is_command) ||
      (is_command && result.limit_ms > 0 && result.duration_ms >= result.limit_ms)) {
    return false;
  }
  const int asked = StepThatAsked(result.index, context.scenario);
  if (!Concerns(asked, evidence, context)) {
    return false;
  }
  return PrintsNewError(result, context) ||
         std::any_of(evidence.log.begin(), evidence.log.end(), [&](const LogLine& line) {
           return line.step >= asked && line.step <= result.index &&
                  TellsNewError(line.text, context);
         });
}

bool CommandWasToldOfFailure(const StepResult& result, const Evidence& evidence,
                             const OracleContext& context) {
  return StepActionAs<CommandStep>(context.scenario, result.index) != nullptr &&
         Concerns(result.index, evidence, context) && PrintsNewError(result, context);
}

bool ToldOfAnyFailure(const Evidence& life, const OracleContext& context) {
  const Injection* failure = FirstFailure(life);
  if (failure == nullptr) {
    return false;
  }
  return ReportedAFailure(life, context.profile) ||
         std::any_of(life.steps.begin(), life.steps.end(),
                     [](const StepResult& step) {
                       return step.status == Status::kUnmet || step.status == Status::kTargetGone;
                     }) ||
         std::any_of(life.log.begin(), life.log.end(), [&](const LogLine& line) {
           return line.time_ms >= failure->time_ms && TellsNewError(line.text, context);
         });
}

}  // namespace faultline
