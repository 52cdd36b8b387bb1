#include "harness/run/fault_free.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

using Expected = RpcExpectation::Kind;

Step Make(decltype(Step::action) action) { return {std::move(action), "", {}, false, {}}; }

RpcStep Call(std::vector<Expected> kinds) {
  RpcStep rpc;
  rpc.method = "framework_start_init";
  for (const Expected kind : kinds) {
    rpc.expect.emplace_back().kind = kind;
  }
  return rpc;
}

std::vector<Expected> ExpectedAfter(std::vector<Expected> kinds) {
  Scenario scenario;
  scenario.steps = {Make(Call(std::move(kinds)))};
  const Scenario fault_free = FaultFreeScenario(scenario);
  std::vector<Expected> after;
  for (const auto& expectation : std::get<RpcStep>(fault_free.steps.at(1).action).expect) {
    after.push_back(expectation.kind);
  }
  return after;
}

TEST(FaultFreeTest, HasTheScenariosOwnStepsAndAcceptsBothLives) {
  Scenario scenario;
  scenario.tolerance = Tolerance::kMayFailCleanly;
  scenario.faults.emplace_back().id = "pool";
  scenario.known_findings.emplace_back().kind = "crash";
  scenario.steps = {
      Make(WaitReadyStep{}),         Make(ArmStep{{"pool"}}), Make(TerminalStep{"start\n"}),
      Make(ExpectLogStep{"failed"}), Make(SignalStep{}),      Make(WaitExitStep{{1}})};
  const Scenario fault_free = FaultFreeScenario(scenario);
  EXPECT_TRUE(fault_free.faults.empty());
  EXPECT_TRUE(fault_free.known_findings.empty());
  EXPECT_EQ(fault_free.tolerance, Tolerance::kMustSucceed);
  ASSERT_EQ(fault_free.steps.size(), 5u);
  EXPECT_TRUE(std::holds_alternative<WaitReadyStep>(fault_free.steps[0].action));
  EXPECT_TRUE(std::holds_alternative<TerminalStep>(fault_free.steps[1].action));
  EXPECT_TRUE(std::get<ExpectLogStep>(fault_free.steps[2].action).if_it_comes);
  EXPECT_TRUE(std::holds_alternative<SignalStep>(fault_free.steps[3].action));
  const auto& exit = std::get<WaitExitStep>(fault_free.steps[4].action);
  EXPECT_TRUE(exit.ask);
  EXPECT_TRUE(exit.expect_exit.empty());
}

TEST(FaultFreeTest, WaitsUntilReadyAlsoWhenTheScenarioDoesNot) {
  Scenario scenario;
  scenario.steps = {Make(WaitExitStep{})};
  const Scenario fault_free = FaultFreeScenario(scenario);
  ASSERT_EQ(fault_free.steps.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<WaitReadyStep>(fault_free.steps[0].action));
}

TEST(FaultFreeTest, ACallThatMaySucceedKeepsAllItsAlternatives) {
  EXPECT_EQ(ExpectedAfter({}), std::vector<Expected>{});
  const std::vector<Expected> both = {Expected::kResult, Expected::kError};
  EXPECT_EQ(ExpectedAfter(both), both);
}

TEST(FaultFreeTest, ACallThatIsExpectedToFailNeedsAnAnswerOnly) {
  EXPECT_EQ(ExpectedAfter({Expected::kError, Expected::kGone, Expected::kNoAnswer}),
            (std::vector<Expected>{Expected::kResult, Expected::kError}));
}

}  // namespace
}  // namespace faultline
