#include "harness/oracle/early_end.h"

#include <algorithm>
#include <utility>

#include "harness/oracle/benign.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/met_failure.h"
#include "harness/oracle/run_course.h"

namespace faultline {

bool LeftItsChildAlone(const Evidence& evidence, const OracleContext& context) {
  return context.profile.detaches && IsCleanEnd(evidence.exit, context.profile.clean) &&
         std::ranges::any_of(evidence.steps, [&](const StepResult& step) {
           return step.status == StepResult::Status::kTargetGone &&
                  StepActionAs<WaitReadyStep>(context.scenario, step.index) != nullptr;
         });
}

const Injection& FailureBehindEnd(const Evidence& evidence, const OracleContext& context,
                                  const Injection& first) {
  const Injection* last = &first;
  for (const Injection& injection : evidence.injections) {
    if (!IsFailedCall(injection) || IsBenign(injection, context.catalogue)) {
      continue;
    }
    last = &injection;
    if (LeftItsChildAlone(evidence, context) &&
        std::cmp_not_equal(injection.tid, evidence.journal.target_pid)) {
      return injection;
    }
  }
  const Returned returned = FindWhoMet(evidence, context.catalogue, first).returned;
  const bool was_survived = returned == Returned::kSuccess || returned == Returned::kNothing;
  return was_survived && last->tid == first.tid ? *last : first;
}

}  // namespace faultline
