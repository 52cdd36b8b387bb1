// The executor on shell scripts for targets: how one is brought to its end, and how a daemon that
// forks itself is followed.
#include "harness/run/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/failure.h"
#include "harness/run/testing/script_target.h"

namespace faultline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Status = StepResult::Status;
using Ended = ExitStatus::Kind;

using ExecutorEndTest = testkit::ScriptTarget;
using testkit::kObedient;

TEST_F(ExecutorEndTest, ATargetIsStoppedByWhatItsProfileTypes) {
  Script("echo ready; while read line; do test \"$line\" = quit && exit 0; done");
  profile_.stop.kind = StopAction::Kind::kType;
  profile_.stop.text = "quit\n";
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_EQ(evidence.exit.kind, Ended::kExited);
  EXPECT_EQ(evidence.exit.code, 0);
  EXPECT_TRUE(evidence.asked_to_stop);
}

TEST_F(ExecutorEndTest, ATargetIsStoppedByACommandOfItsProfile) {
  Script(kObedient);
  profile_.stop.kind = StopAction::Kind::kRun;
  profile_.stop.argv = {"kill", "-TERM", "${pid}"};
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_EQ(evidence.log.back().text, "bye");
  EXPECT_EQ(evidence.exit.code, 0);
}

// Tempting: it does not end, so it hangs.
TEST_F(ExecutorEndTest, AStopCommandThatFailsIsNoHangOfTheTarget) {
  Script(kObedient);
  profile_.stop.kind = StopAction::Kind::kRun;
  profile_.stop.argv = {"sh", "-c", "echo no such client; exit 3"};
  limits_.stop = 200;
  Add(WaitReadyStep{});
  try {
    Execute();
    FAIL() << "nothing is said";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("ended with exit 3: no such client; the target runs on"));
  }
}

TEST_F(ExecutorEndTest, ATargetThatRunsToCompletionIsNotAsked) {
  Script("echo ready; for w in a b c d; do sleep 0.1; echo working $w; done; echo done");
  profile_.stop.kind = StopAction::Kind::kByItself;
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_EQ(evidence.exit.code, 0);
  EXPECT_EQ(evidence.log.back().text, "done");
  EXPECT_TRUE(evidence.asked_to_stop);
}

TEST_F(ExecutorEndTest, ATargetThatIsWaitedForIsAskedWhenNobodyHas) {
  Script(kObedient);
  Add(WaitReadyStep{});
  Add(WaitExitStep{{}, /*ask=*/true});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kDone));
  EXPECT_EQ(evidence.log.back().text, "bye");
}

TEST_F(ExecutorEndTest, ALineThatMayStayAwayIsPassedOver) {
  Script(kObedient);
  Add(WaitReadyStep{});
  Add(ExpectLogStep{"never", /*if_it_comes=*/true});
  EXPECT_THAT(Statuses(Execute()), ElementsAre(Status::kDone, Status::kSkipped));
}

TEST_F(ExecutorEndTest, ADaemonThatForksItselfIsFollowed) {
  Script(
      "(trap 'echo bye; exit 0' TERM; echo ready; while :; do read line || sleep 0.1; done) & "
      "sleep 0.1; exit 0");
  profile_.detaches = true;
  Add(WaitReadyStep{});
  Add(CommandStep{{"kill", "-0", "${pid}"}});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kDone))
      << evidence.steps[0].detail;
  EXPECT_EQ(evidence.log.back().text, "bye");
  EXPECT_EQ(evidence.exit.code, 0);
  EXPECT_TRUE(evidence.left_behind.empty());
}

TEST_F(ExecutorEndTest, ADaemonThatSaysNothingIsReadyOnceItsFileIsThere) {
  Script(
      "(trap 'exit 0' TERM; exec > /dev/null 2>&1; sleep 0.1; echo up > up; "
      "while :; do read line || sleep 0.1; done) & exit 0");
  profile_.detaches = true;
  profile_.ready.kind = ReadyCondition::Kind::kFile;
  profile_.ready.value = "up";
  Add(WaitReadyStep{});
  Add(CommandStep{{"test", "-e", "up"}});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kDone))
      << evidence.steps[0].detail;
  EXPECT_EQ(evidence.exit.code, 0);
}

TEST_F(ExecutorEndTest, AFileThatWasThereBeforeDoesNotSayThatItIsReady) {
  Script("exit 3");
  profile_.ready.kind = ReadyCondition::Kind::kFile;
  profile_.ready.value = "/etc/passwd";
  Add(WaitReadyStep{});
  EXPECT_THAT(Statuses(Execute()), ElementsAre(Status::kTargetGone));
}

TEST_F(ExecutorEndTest, ADaemonThatDoesNotComeUpHasEnded) {
  Script("(exit 1); exit 3");
  profile_.detaches = true;
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kTargetGone));
  EXPECT_EQ(evidence.exit.code, 3);
}

// ---- Nobody asked it to end

TEST_F(ExecutorEndTest, KnowsThatNobodyHasAskedATargetToEnd) {
  Script(kObedient);
  limits_.stop = 200;
  Add(WaitReadyStep{});
  Add(WaitExitStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kTimedOut));
  EXPECT_TRUE(evidence.steps[1].unasked);
  EXPECT_FALSE(evidence.steps[1].still_serves);
  EXPECT_EQ(evidence.exit.kind, Ended::kExited);
}

TEST_F(ExecutorEndTest, ATargetMayHaveBeenAskedToEndByWhatWasTyped) {
  Script(kObedient);
  limits_.stop = 200;
  Add(WaitReadyStep{});
  Add(TerminalStep{"quit\n"});
  Add(WaitExitStep{});
  EXPECT_FALSE(Execute().steps[2].unasked);
}

}  // namespace
}  // namespace faultline
