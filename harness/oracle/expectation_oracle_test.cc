#include <gmock/gmock.h>

#include <limits>

#include <csignal>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Status = StepResult::Status;
using testkit::IsKind;
using testkit::JudgedRun;

TEST(ExpectationOracle, ReportsAStepThatDidNotEndAsWritten) {
  JudgedRun run;
  run.result(2).status = Status::kUnmet;
  run.result(2).detail = "expected a result, got error -32603";
  run.evidence.rpcs[0].outcome = RpcExchange::Outcome::kError;
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("expectation")));
  EXPECT_EQ(findings[0].title, "step 2 (rpc framework_start_init) did not end as written");
  EXPECT_THAT(findings[0].details, Contains("expected a result, got error -32603"));
}

// Tempting: numbers are no part of a signature, but here they are part of a name.
TEST(ExpectationOracle, ANamedStepNamesItsFinding) {
  const auto signature = [](const std::string& name) {
    JudgedRun run;
    run.scenario.steps[1].name = name;
    run.result(2).title = name;
    run.result(2).status = Status::kUnmet;
    return run.Judge().at(0).signature;
  };
  EXPECT_EQ(signature("kept as asked: lun 1"),
            "expectation: step <n> (kept as asked: lun 1) did not end as written");
  EXPECT_NE(signature("kept as asked: lun 1"), signature("kept as asked: lun 2"));
}

TEST(ExpectationOracle, ATargetThatMayGiveUpMayAnswerWithAnError) {
  JudgedRun run;
  run.scenario.tolerance = Tolerance::kMayFailCleanly;
  run.result(2).status = Status::kUnmet;
  run.evidence.rpcs[0].outcome = RpcExchange::Outcome::kError;
  EXPECT_THAT(run.Judge(), IsEmpty());
}

// Tempting: it gave up with an error, and the scenario tolerates that.
TEST(ExpectationOracle, ATargetThatDoesNotStartThoughNothingFailsIsNoCleanError) {
  JudgedRun run;
  run.scenario.faults.clear();
  run.scenario.tolerance = Tolerance::kMayFailCleanly;
  run.evidence.exit = {ExitStatus::Kind::kExited, 1};
  run.evidence.asked_to_stop = false;
  run.result(1).status = Status::kTargetGone;
  run.result(1).detail = "the target ended (exit 1) before it was ready; it last said `no /sys'";
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("expectation")));
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("no /sys")));
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("does not start in these surroundings")));

  // What is wrong is there at the start: the scenario says so at the step.
  run.scenario.steps[0].tolerance = Tolerance::kMayFailCleanly;
  EXPECT_THAT(run.Judge(), IsEmpty());
  // A call was made to fail.
  run.scenario.steps[0].tolerance.reset();
  Injection& injection = run.evidence.injections.emplace_back();
  injection.action = "fail";
  EXPECT_THAT(run.Judge(), IsEmpty());
}

// A failed call, as faults make it.
void FailACall(Evidence& evidence) {
  Injection injection;
  injection.fault = "pool";
  injection.action = "fail";
  injection.step = 1;
  evidence.injections.push_back(injection);
}

TEST(ExpectationOracle, AStepMaySayThatItMayFailUnderAFault) {
  JudgedRun run;
  run.scenario.faults.emplace_back().id = "pool";
  run.scenario.tolerance = Tolerance::kMustSucceed;
  run.scenario.steps[1].tolerance = Tolerance::kMayFailCleanly;
  run.result(2).status = Status::kUnmet;
  EXPECT_THAT(run.Judge(), SizeIs(1));  // nothing had failed
  FailACall(run.evidence);
  EXPECT_THAT(run.Judge(), IsEmpty());
  run.result(2).status = Status::kTargetGone;
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("expectation")));
}

TEST(ExpectationOracle, AStepMaySayThatItMustNotFailUnderAFault) {
  JudgedRun run;
  run.scenario.faults.emplace_back().id = "pool";
  run.scenario.tolerance = Tolerance::kMayFailCleanly;
  FailACall(run.evidence);
  run.result(2).status = Status::kUnmet;
  run.evidence.rpcs[0].outcome = RpcExchange::Outcome::kError;
  EXPECT_THAT(run.Judge(), IsEmpty());
  run.scenario.steps[1].tolerance = Tolerance::kMustSucceed;
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("expectation")));
}

TEST(ExpectationOracle, ACompanionThatDiedIsAFindingUnlessACallFailed) {
  JudgedRun run;
  run.evidence.lost_companions.push_back({"db", 2, {ExitStatus::Kind::kExited, 3}, "no disk"});
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("expectation")));
  EXPECT_EQ(findings[0].title, "companion db ended before it was stopped: exit 3");
  EXPECT_THAT(findings[0].details, Contains("it last said: no disk"));
  run.scenario.tolerance = Tolerance::kMayFailCleanly;
  FailACall(run.evidence);
  EXPECT_THAT(run.Judge(), IsEmpty());
}

TEST(ExpectationOracle, AStepAtACallThatFailsIsAFinding) {
  JudgedRun run;
  FaultStep step;
  step.fault = "late";
  step.step = 2;
  step.result.title = "rpc version";
  step.result.status = Status::kUnmet;
  run.evidence.fault_steps.push_back(step);
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("expectation")));
  EXPECT_EQ(findings[0].title, "rpc version at the call of fault late did not end as written");
}

TEST(ExpectationOracle, AWrongResultIsNoCleanFailure) {
  JudgedRun run;
  run.scenario.tolerance = Tolerance::kMayFailCleanly;
  run.result(2).status = Status::kUnmet;
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("expectation")));
}

TEST(ExpectationOracle, ATargetThatMayGiveUpMayBeGoneWithANonZeroExit) {
  JudgedRun run;
  run.scenario.tolerance = Tolerance::kMayFailCleanly;
  run.result(2).status = Status::kTargetGone;
  run.evidence.rpcs.clear();
  run.evidence.exit.code = 1;
  EXPECT_THAT(run.Judge(), IsEmpty());
  run.evidence.exit.code = 0;
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("expectation")));
}

TEST(ExpectationOracle, SaysOnceThatTheTargetIsGone) {
  JudgedRun run;
  run.result(2).status = Status::kTargetGone;
  run.result(3).status = Status::kTargetGone;
  EXPECT_THAT(run.Judge(), SizeIs(1));
}

TEST(ExpectationOracle, AnExitCodeThatIsNotCleanNeedsAReason) {
  JudgedRun run;
  run.evidence.exit.code = 3;
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("expectation")));
  EXPECT_EQ(findings[0].signature, "expectation: the target did not end cleanly: exit 3");
  run.profile.clean.exit_codes = {0, 3};
  EXPECT_THAT(run.Judge(), IsEmpty());
}

TEST(ExpectationOracle, AScenarioMaySayTheExitCodeItself) {
  JudgedRun run;
  run.evidence.exit.code = 3;
  std::get<WaitExitStep>(run.scenario.steps[3].action).expect_exit = {3};
  EXPECT_THAT(run.Judge(), IsEmpty());
  run.result(4).status = Status::kUnmet;
  EXPECT_THAT(run.Judge(), SizeIs(2));
}

TEST(ExpectationOracle, DyingOfTheStopSignalIsNotCleanForATargetThatMustSucceed) {
  JudgedRun run;
  run.Die(SIGTERM);
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("expectation")));
}

TEST(ExpectationOracle, AFaultThatDidNotFireProvesNothing) {
  JudgedRun run;
  run.scenario.tolerance = Tolerance::kMayFailCleanly;
  run.evidence.faults_not_reached = {"ring-create-7"};
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("expectation")));
  EXPECT_EQ(findings[0].title, "fault ring-create-7 was never reached");
}

TEST(ExpectationOracle, AFaultOfAllCallsFromAnotherOnMayFindNone) {
  JudgedRun run;
  run.scenario.tolerance = Tolerance::kMayFailCleanly;
  run.evidence.faults_not_reached = {"later"};
  Fault later;
  later.id = "later";
  later.first = 1;
  later.last = std::numeric_limits<uint64_t>::max();
  later.after = "site";
  run.scenario.faults = {later};
  EXPECT_THAT(run.Judge(), IsEmpty());
  run.scenario.faults[0].last = 1;
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("expectation"))) << "a call that is asked for";
  run.scenario.faults[0] = later;
  run.scenario.faults[0].after = "";
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("expectation"))) << "the first failure";
}

TEST(ExpectationOracle, WhatAnotherFindingExplainsIsNotReportedTwice) {
  JudgedRun run;
  run.result(2).status = Status::kTargetGone;
  run.Die(SIGSEGV);
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("crash")));
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("and so: step 2")));
}

// ---- After a dropped client nobody knows whether its request was obeyed

class AfterADroppedClient : public ::testing::Test {
 protected:
  // The client of step 2 was dropped, which asked with `params`; a later answer is not as written.
  AfterADroppedClient() {
    run_.scenario.tolerance = Tolerance::kMayFailCleanly;
    run_.evidence.rpcs[0].client_dropped = true;
    run_.evidence.rpcs[0].outcome = RpcExchange::Outcome::kGone;
    run_.result(2).status = StepResult::Status::kSkipped;
    RpcStep look;
    look.method = "bdev_get_bdevs";
    look.params = {{"name", "M0"}};
    run_.Add(look, "rpc bdev_get_bdevs");
    run_.result(5).status = StepResult::Status::kUnmet;
    run_.evidence.rpcs.push_back({.step = 5,
                                  .method = look.method,
                                  .params = look.params,
                                  .outcome = RpcExchange::Outcome::kResult,
                                  .answer = nlohmann::json::array()});
  }

  JudgedRun run_;
};

TEST_F(AfterADroppedClient, AnAnswerAboutWhatItNamedMayBeAnother) {
  run_.evidence.rpcs[0].params = {{"name", "M0"}, {"num_blocks", 8}};
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(AfterADroppedClient, AnyAnswerMayBeAnotherWhenItNamedNothing) {
  run_.evidence.rpcs[0].params = nullptr;
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(AfterADroppedClient, AnAnswerAboutSomethingElseMayNot) {
  run_.evidence.rpcs[0].params = {{"name", "M1"}};
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("expectation")));
}

TEST_F(AfterADroppedClient, AnUnansweredRequestThatDependsOnItIsNoHangButAnotherIs) {
  run_.result(5).status = StepResult::Status::kTimedOut;
  run_.evidence.rpcs[1].outcome = RpcExchange::Outcome::kNoAnswer;
  run_.evidence.rpcs[0].params = nullptr;
  EXPECT_THAT(run_.Judge(), IsEmpty());
  run_.evidence.rpcs[0].params = {{"name", "M1"}};
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("hang")));
}

// Tempting: it did not end by what was to end it, so it hangs.
TEST(ExpectationOracle, ATargetThatEndsAtItsSignalButNotByItsStopCommandIsDeaf) {
  JudgedRun run;
  run.scenario.tolerance = Tolerance::kMayFailCleanly;
  run.scenario.faults.resize(1);
  FailACall(run.evidence);
  StepResult failed;
  failed.index = static_cast<int>(run.scenario.steps.size()) + 1;
  failed.title = "the stop command";
  failed.status = Status::kUnmet;
  failed.detail = "`halt` ended with exit 1: refused";
  run.evidence.steps.push_back(failed);
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("expectation")));
  EXPECT_EQ(findings[0].title, "the target is deaf to its stop command, which fails");
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("exit 1: refused; it was tried twice")));

  // The call that serves the command may be the one that fails for ever.
  run.scenario.faults[0].last = std::numeric_limits<uint64_t>::max();
  EXPECT_THAT(run.Judge(), IsEmpty());

  // It did not end at its signal either.
  run.scenario.faults[0].last = 1;
  run.evidence.exit.kind = ExitStatus::Kind::kKilledByUs;
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("hang")));
}

}  // namespace
}  // namespace faultline
