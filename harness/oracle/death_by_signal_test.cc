#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"

// Of the `crash` oracle: whether a signal was sent on purpose.
namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testkit::IsKind;
using testkit::JudgedRun;

TEST(CrashOracle, AKillThatTheScenarioAskedForIsAsWritten) {
  JudgedRun run;
  std::get<SignalStep>(run.scenario.steps[2].action).signal = SIGKILL;
  run.evidence.asked_to_stop = false;
  run.result(4).status = StepResult::Status::kUnmet;
  run.result(4).detail = "expected an exit, got SIGKILL";
  run.Die(SIGKILL);
  EXPECT_THAT(run.Judge(), IsEmpty());

  CommandStep kill;
  kill.argv = {"sh", "-c", "kill -9 100"};
  run.scenario.steps[2].action = kill;
  EXPECT_THAT(run.Judge(), IsEmpty());
  kill.argv = {"sh", "-c", "cat skills.txt"};
  run.scenario.steps[2].action = kill;
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("crash"))) << "nobody asked for it";
}

TEST(CrashOracle, DyingOfASignalThatWasSentIsNoCrash) {
  JudgedRun asked;
  asked.scenario.tolerance = Tolerance::kMayFailCleanly;
  asked.result(3).status = StepResult::Status::kSkipped;  // the harness asks after the steps
  asked.Die(SIGTERM);
  EXPECT_THAT(asked.Judge(), IsEmpty());

  JudgedRun by_step;
  by_step.scenario.tolerance = Tolerance::kMayFailCleanly;
  std::get<SignalStep>(by_step.scenario.steps[2].action).signal = SIGINT;
  by_step.Die(SIGINT);
  EXPECT_THAT(by_step.Judge(), IsEmpty());

  JudgedRun by_fault;
  by_fault.scenario.tolerance = Tolerance::kMayFailCleanly;
  Fault fault;
  fault.id = "usr1";
  fault.action = Fault::Action::kSignal;
  fault.signal = SIGUSR1;
  by_fault.scenario.faults = {fault};
  by_fault.Inject("usr1", "signal SIGUSR1");
  by_fault.Die(SIGUSR1);
  EXPECT_THAT(by_fault.Judge(), IsEmpty());
}

TEST(CrashOracle, DyingOfTheStopSignalThatNobodySentIsACrash) {
  JudgedRun run;
  run.evidence.asked_to_stop = false;
  run.result(3).status = StepResult::Status::kSkipped;
  run.Die(SIGTERM);
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("crash")));
}

TEST(CrashOracle, ASkippedSignalStepSentNothing) {
  JudgedRun run;
  std::get<SignalStep>(run.scenario.steps[2].action).signal = SIGUSR2;
  run.result(2).status = StepResult::Status::kTargetGone;
  run.result(3).status = StepResult::Status::kSkipped;
  run.result(4).status = StepResult::Status::kSkipped;
  run.Die(SIGUSR2);
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("crash")));
  EXPECT_EQ(findings[0].step, 2);
}

}  // namespace
}  // namespace faultline
