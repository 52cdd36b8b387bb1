#include "harness/run/fault_free.h"

#include <algorithm>

#include "harness/run/rpc_match.h"

namespace faultline {
namespace {

bool IsAboutFaults(const Step& step) {
  return std::holds_alternative<ArmStep>(step.action) ||
         std::holds_alternative<DisarmStep>(step.action);
}

// What may be there by the fault alone holds in either case: a line may stay away, and an exit code
// is that of a clean end. A target that only the fault ends is asked to.
void AcceptBothLives(Step& step) {
  if (auto* log = std::get_if<ExpectLogStep>(&step.action)) {
    log->if_it_comes = true;
  } else if (auto* exit = std::get_if<WaitExitStep>(&step.action)) {
    exit->expect_exit.clear();
    exit->ask = true;
  }
}

// A list that has a result among its alternatives holds as it is: the others may be what this
// machine or build answers without any fault. One that only asks for a failure is about the faults.
void AcceptAnyAnswer(std::vector<RpcExpectation>& expect) {
  if (!MustFail(expect)) {
    return;
  }
  expect.resize(2);
  expect[0] = RpcExpectation{};
  expect[1] = RpcExpectation{};
  expect[1].kind = RpcExpectation::Kind::kError;
}

void AcceptAnyAnswer(Step& step) {
  if (auto* rpc = std::get_if<RpcStep>(&step.action)) {
    AcceptAnyAnswer(rpc->expect);
  } else if (auto* answer = std::get_if<AnswerStep>(&step.action)) {
    AcceptAnyAnswer(answer->expect);
  } else if (auto* pipeline = std::get_if<PipelineStep>(&step.action)) {
    for (RpcStep& request : pipeline->requests) {
      AcceptAnyAnswer(request.expect);
    }
  }
}

}  // namespace

Scenario FaultFreeScenario(const Scenario& scenario) {
  Scenario fault_free = scenario;
  fault_free.faults.clear();
  fault_free.known_findings.clear();
  fault_free.tolerance = Tolerance::kMustSucceed;
  std::erase_if(fault_free.steps, IsAboutFaults);
  for (Step& step : fault_free.steps) {
    AcceptBothLives(step);
    AcceptAnyAnswer(step);
    step.tolerance.reset();
  }
  const bool waits = std::any_of(
      fault_free.steps.begin(), fault_free.steps.end(),
      [](const Step& step) { return std::holds_alternative<WaitReadyStep>(step.action); });
  if (!waits) {
    fault_free.steps.insert(fault_free.steps.begin(), Step{WaitReadyStep{}, "", {}, false, {}});
  }
  return fault_free;
}

}  // namespace faultline
