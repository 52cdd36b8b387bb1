#include "harness/oracle/run_course.h"

#include <fmt/format.h>

#include <algorithm>

namespace faultline {

int StepOfEnd(const Evidence& evidence) {
  int last = 0;
  for (const StepResult& step : evidence.steps) {
    if (step.status == StepResult::Status::kTargetGone) {
      return step.index;
    }
    if (step.status != StepResult::Status::kSkipped) {
      last = step.index;
    }
  }
  return last;
}

Finding FindingAtEnd(std::string_view kind, const std::string& title, const Evidence& evidence) {
  Finding finding;
  finding.kind = kind;
  finding.title = title;
  finding.step = StepOfEnd(evidence);
  return finding;
}

bool GaveUpCleanly(const Evidence& evidence) {
  if (evidence.exit.kind == ExitStatus::Kind::kExited && evidence.exit.code != 0) {
    return true;
  }
  return std::any_of(evidence.rpcs.begin(), evidence.rpcs.end(), [](const RpcExchange& rpc) {
    return rpc.outcome == RpcExchange::Outcome::kError && !rpc.must_fail;
  });
}

std::string StepText(const StepResult& step) {
  return fmt::format("step {} ({})", step.index, step.title);
}

}  // namespace faultline
