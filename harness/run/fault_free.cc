#include "harness/run/fault_free.h"

#include <algorithm>

#include "harness/run/rpc_match.h"

namespace faultline {
namespace {

bool OnlyUnderFaults(const Step& step) {
  return std::holds_alternative<ExpectLogStep>(step.action) ||
         std::holds_alternative<WaitExitStep>(step.action) ||
         std::holds_alternative<SignalStep>(step.action) ||
         std::holds_alternative<ArmStep>(step.action) ||
         std::holds_alternative<DisarmStep>(step.action);
}

// A list that has a result among its alternatives holds as it is: the others may be what this
// machine or build answers without any fault. One that only asks for a failure is about the faults.
void AcceptAnyAnswer(RpcStep& rpc) {
  if (!MustFail(rpc.expect)) {
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
