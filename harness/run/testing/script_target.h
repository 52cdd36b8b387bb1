#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "harness/oracle/oracle.h"
#include "harness/run/executor.h"

namespace faultline::testkit {

// Stops at once when asked to, as a shell that waits for a child would not.
inline constexpr char kObedient[] =
    "trap 'echo bye; exit 0' TERM; echo ready; while :; do read line; echo \"got $line\"; done";

// Runs of a shell script as the target.
class ScriptTarget : public testing::Test {
 protected:
  // The target is `sh -c SCRIPT`.
  void Script(const std::string& script) {
    profile_.args = {"-c", script};
    profile_.ready.kind = ReadyCondition::Kind::kLogLine;
    profile_.ready.value = "^ready$";
  }
  Step& Add(decltype(Step::action) action) {
    scenario_.steps.push_back({std::move(action), "", {}, false, {}});
    return scenario_.steps.back();
  }
  Evidence Execute(const char* program = "/bin/sh") {
    RunRequest request{scenario_, profile_, catalogue_};
    request.program = program;
    request.observe = false;
    request.limits_ms = limits_;
    return ColdExecutor().Execute(request);
  }
  std::vector<Finding> Findings(const Evidence& evidence) const {
    return Judge(evidence, {scenario_, profile_, catalogue_, nullptr});
  }
  static std::vector<StepResult::Status> Statuses(const Evidence& evidence) {
    std::vector<StepResult::Status> statuses;
    for (const StepResult& step : evidence.steps) {
      statuses.push_back(step.status);
    }
    return statuses;
  }

  Scenario scenario_;
  Profile profile_;
  Catalogue catalogue_;
  LimitsMs limits_;
};

}  // namespace faultline::testkit
