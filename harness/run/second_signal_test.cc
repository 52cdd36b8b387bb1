// Stop signals that are lost, and hangs that are none the less hangs, on a victim that takes its
// signals in the ways that programs do.
#include "harness/run/second_signal.h"

#include <gmock/gmock.h>

#include <csignal>

#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/run/testing/script_target.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class SecondSignalTest : public testkit::ScriptTarget {
 protected:
  Evidence Run(const std::string& way) {
    profile_.args = {way};
    profile_.ready.kind = ReadyCondition::Kind::kLogLine;
    profile_.ready.value = "^ready$";
    limits_.stop = 200;
    scenario_.limits_ms.stop = 200;
    scenario_.steps.clear();
    Add(WaitReadyStep{});
    for (const auto& step : more_) {
      Add(step);
    }
    return Execute(SIGNAL_VICTIM);
  }
  // Of a run that must have hung: its only finding.
  Finding Hang(const Evidence& evidence) {
    const std::vector<Finding> findings =
        Judge(evidence, {scenario_, profile_, catalogue_, nullptr});
    EXPECT_THAT(findings, SizeIs(1));
    EXPECT_EQ(evidence.exit.kind, ExitStatus::Kind::kKilledByUs);
    EXPECT_EQ(LostSignal(evidence), "");
    EXPECT_THAT(evidence.threads, Not(IsEmpty())) << "stacks of before the second signal";
    return findings.empty() ? Finding() : findings.front();
  }
  std::vector<decltype(Step::action)> more_;
};

TEST_F(SecondSignalTest, EndsATargetThatLookedAndThenSlept) {
  for (const char* way : {"loses", "speaks"}) {
    const Evidence evidence = Run(way);
    EXPECT_EQ(evidence.exit.ToString(), "exit 0");
    EXPECT_EQ(evidence.log.back().text, "bye");
    EXPECT_THAT(LostSignal(evidence),
                AllOf(HasSubstr("SIGTERM was lost"), HasSubstr("WaitForClient")));
    EXPECT_LT(evidence.stop_ms, evidence.total_ms - 200) << "counted from the second one on";
    EXPECT_THAT(Judge(evidence, {scenario_, profile_, catalogue_, nullptr}), IsEmpty());
  }
}

TEST_F(SecondSignalTest, EndsItInAStepThatWaitsForTheEndToo) {
  more_ = {SignalStep{SIGTERM}, WaitExitStep{{0}}};
  const Evidence evidence = Run("loses");
  EXPECT_EQ(evidence.steps.back().status, StepResult::Status::kDone);
  EXPECT_THAT(LostSignal(evidence), HasSubstr("SIGTERM was lost"));
  EXPECT_THAT(Judge(evidence, {scenario_, profile_, catalogue_, nullptr}), IsEmpty());
}

TEST_F(SecondSignalTest, IsNoThirdOne) {
  more_ = {SignalStep{SIGTERM}, SignalStep{SIGTERM}};
  const Evidence evidence = Run("restarts");
  EXPECT_FALSE(evidence.second_signal) << "the scenario has sent two";
  EXPECT_EQ(Hang(evidence).kind, "hang");
}

TEST_F(SecondSignalTest, MakesNoCleanEndOfAForcedOne) {
  const Evidence evidence = Run("leaves");
  const Finding hang = Hang(evidence);
  EXPECT_EQ(hang.kind, "hang");
  EXPECT_THAT(hang.details,
              Contains(HasSubstr("a second SIGTERM, sent then, ended it: exit 0, from within")));
}

TEST_F(SecondSignalTest, MakesNoCleanEndOfAFailingExit) {
  EXPECT_THAT(Hang(Run("code")).details, Contains(HasSubstr("ended it: exit 3")));
}

TEST_F(SecondSignalTest, DoesNotExcuseAStopThatHasBegunAndHangs) {
  EXPECT_THAT(Hang(Run("stopping")).details, Contains(HasSubstr("ended it: exit 0")));
}

TEST_F(SecondSignalTest, WakesNobodyWhoseCallsAreRestarted) {
  EXPECT_THAT(Hang(Run("restarts")).details, Contains("a second SIGTERM did not end it either"));
}

TEST_F(SecondSignalTest, IsNotSentWhereItWouldKillOrCouldWakeNobody) {
  for (const char* way : {"dies", "joins"}) {
    const Evidence evidence = Run(way);
    EXPECT_FALSE(evidence.second_signal) << way;
    EXPECT_EQ(Hang(evidence).kind, "hang");
  }
}

}  // namespace
}  // namespace faultline
