#include "harness/run/fault_free.h"

#include <algorithm>

namespace faultline {
namespace {

bool OnlyUnderFaults(const Step& step) {
  return std::holds_alternative<ExpectLogStep>(step.action) ||
         std::holds_alternative<WaitExitStep>(step.action) ||
         std::holds_alternative<SignalStep>(step.action) ||
         std::holds_alternative<ArmStep>(step.action) ||
         std::holds_alternative<DisarmStep>(step.action);
}

void AcceptAnyAnswer(RpcStep& rpc) {
  const auto is_result = [](const RpcExpectation& expectation) {
    return expectation.kind == RpcExpectation::Kind::kResult;
  };
  if (rpc.expect.empty() || std::any_of(rpc.expect.begin(), rpc.expect.end(), is_result)) {
    std::erase_if(rpc.expect, std::not_fn(is_result));
    return;
  }
  rpc.expect.resize(2);
  rpc.expect[0] = RpcExpectation{};
  rpc.expect[1] = RpcExpectation{};
  rpc.expect[1].kind = RpcExpectation::Kind::kError;
}

}  // namespace

Scenario FaultFreeScenario(const Scenario& scenario) {
  Scenario fault_free = scenario;
  fault_free.faults.clear();
  fault_free.known_findings.clear();
  fault_free.tolerance = Tolerance::kMustSucceed;
  std::erase_if(fault_free.steps, OnlyUnderFaults);
  for (Step& step : fault_free.steps) {
    if (auto* rpc = std::get_if<RpcStep>(&step.action)) {
      AcceptAnyAnswer(*rpc);
    }
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
