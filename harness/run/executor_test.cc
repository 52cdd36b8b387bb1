// The executor on shell scripts for targets: what becomes of steps, limits and left-overs. Faults
// and hooks have real targets, see tools/cli_test.cc.
#include "harness/run/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "harness/base/failure.h"
#include "harness/run/testing/script_target.h"

namespace faultline {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using Status = StepResult::Status;
using Ended = ExitStatus::Kind;

using ExecutorTest = testkit::ScriptTarget;
using testkit::kObedient;

TEST_F(ExecutorTest, WaitsUntilReadyAndStopsWhatIsAlive) {
  Script(kObedient);
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone));
  EXPECT_GT(evidence.start_ms, 0);
  EXPECT_TRUE(evidence.asked_to_stop);
  EXPECT_EQ(evidence.exit.kind, Ended::kExited);
  EXPECT_EQ(evidence.exit.code, 0);
  EXPECT_EQ(evidence.log.back().text, "bye");
  EXPECT_EQ(evidence.argv.front(), "/bin/sh");
}

TEST_F(ExecutorTest, SendsNoSignalToATargetThatEndedByItself) {
  Script("echo ready; exit 3");
  Add(WaitExitStep{{3}});
  Add(SignalStep{SIGTERM});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kSkipped));
  EXPECT_FALSE(evidence.asked_to_stop);
  EXPECT_EQ(evidence.exit.code, 3);
}

TEST_F(ExecutorTest, ATargetThatEndsBeforeItIsReadyIsGone) {
  Script("exit 1");
  Add(WaitReadyStep{});
  Add(ExpectLogStep{"never"});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kTargetGone, Status::kSkipped));
  EXPECT_THAT(evidence.steps[0].detail, HasSubstr("exit 1"));
  EXPECT_EQ(evidence.start_ms, 0);
}

TEST_F(ExecutorTest, SaysWhatWasExpectedOfAnExit) {
  Script("exit 1");
  Add(WaitExitStep{{0, 2}});
  EXPECT_EQ(Execute().steps[0].detail, "expected exit 0 or 2, got exit 1");
}

TEST_F(ExecutorTest, ASignalIsNoExit) {
  Script("kill -SEGV $$$$");  // $$ is a literal dollar
  Add(WaitExitStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kUnmet));
  EXPECT_EQ(evidence.exit.kind, Ended::kSignaled);
  EXPECT_EQ(evidence.exit.code, SIGSEGV);
}

TEST_F(ExecutorTest, KillsWhatDoesNotStopAndTakesItsStacks) {
  Script("trap '' TERM; echo ready; while :; do :; done");
  limits_.stop = 200;
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_EQ(evidence.exit.kind, Ended::kKilledByUs);
  EXPECT_GE(evidence.stop_ms, 200);
  EXPECT_FALSE(evidence.threads.empty()) << evidence.threads_note;
  EXPECT_THAT(evidence.threads_note, HasSubstr("not stopped in time"));
}

TEST_F(ExecutorTest, AStepThatOutlivesItsLimitIsTimedOutAndTheRestSkipped) {
  Script("trap 'exit 0' TERM; while :; do :; done");
  limits_.start = 100;
  Add(WaitReadyStep{});
  Add(WaitExitStep{});
  Add(CommandStep{{"true"}}).even_if_gone = true;
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kTimedOut, Status::kSkipped, Status::kDone));
  EXPECT_EQ(evidence.steps[0].limit_ms, 100);
  EXPECT_THAT(evidence.threads_note, HasSubstr("step 1"));
  EXPECT_EQ(evidence.exit.kind, Ended::kExited);  // it still obeys SIGTERM
}

// So a target that backs out is left to end by itself (Confirmer::TryWithoutSignal).
TEST_F(ExecutorTest, TheEndIsWaitedForBehindAFailedStepWhereThatIsSaid) {
  Script("sleep 0.2; exit 3");
  Add(ExpectLogStep{"^never$"}).limit_ms = 20;
  Add(WaitExitStep{}).even_if_gone = true;
  const Evidence evidence = Execute();
  EXPECT_FALSE(evidence.asked_to_stop);
  EXPECT_EQ(evidence.exit.ToString(), "exit 3");
}

TEST_F(ExecutorTest, TypesToTheTargetAndSeesOnlyWhatFollows) {
  Script(kObedient);
  Add(WaitReadyStep{});
  Add(TerminalStep{"one\n"});
  Add(ExpectLogStep{"^got one$"});
  Add(TerminalStep{"two\n"});
  Add(ExpectLogStep{"^got one$"}).limit_ms = 100;  // an old line
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kDone, Status::kDone,
                                              Status::kDone, Status::kUnmet));
}

TEST_F(ExecutorTest, TheLastWordsOfATargetCount) {
  Script("echo 'no memory'; exit 1");
  Add(ExpectLogStep{"^no memory$"});
  Add(WaitExitStep{{1}});
  EXPECT_THAT(Statuses(Execute()), ElementsAre(Status::kDone, Status::kDone));
}

TEST_F(ExecutorTest, CommandsKnowTheRunAndMustEndAsExpected) {
  Script(kObedient);
  Add(WaitReadyStep{});
  Add(CommandStep{{"kill", "-0", "${pid}"}});
  Add(CommandStep{{"sh", "-c", "echo why; exit 4"}});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kDone, Status::kUnmet));
  EXPECT_THAT(evidence.steps[2].detail, HasSubstr("exit 4"));
  EXPECT_THAT(evidence.steps[2].detail, HasSubstr("why"));
}

TEST_F(ExecutorTest, APreparationThatFailsIsTheScenariosMistake) {
  Script("exit 0");
  scenario_.prepare.push_back(CommandStep{{"false"}});
  try {
    Execute();
    FAIL() << "no Failure";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kBadInput);
    EXPECT_THAT(failure.what(), HasSubstr("`false`"));
  }
}

TEST_F(ExecutorTest, NamesProcessesAndFilesThatAreLeft) {
  // Its name is the shell's until it has become sleep, which takes long if that is read from a
  // disk.
  Script(
      "echo x > left; sleep 1000 & "
      "until grep -q sleep /proc/$!/comm; do :; done; exit 0");
  scenario_.prepare.push_back(CommandStep{{"touch", "${run_dir}/prepared"}});
  Add(WaitExitStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(evidence.left_behind, Contains("file ${run_dir}/left"));
  EXPECT_THAT(evidence.left_behind, Contains(HasSubstr("sleep")));
  EXPECT_EQ(evidence.left_behind.size(), 2u);
}

TEST_F(ExecutorTest, LinesAndStepsSayWhenTheyWere) {
  Script(kObedient);
  Add(WaitReadyStep{});
  Add(TerminalStep{"one\n"});
  Add(ExpectLogStep{"^got one$"});
  const Evidence evidence = Execute();
  EXPECT_EQ(evidence.log.front().text, "ready");
  EXPECT_LE(evidence.log.front().step, 1);  // 0: it came before the harness turned to the first
  const auto answer = std::find_if(evidence.log.begin(), evidence.log.end(),
                                   [](const LogLine& line) { return line.text == "got one"; });
  ASSERT_NE(answer, evidence.log.end());
  EXPECT_GE(answer->step, 2);
  EXPECT_GE(evidence.steps[1].begin_ms, evidence.steps[0].begin_ms);
  EXPECT_GE(evidence.total_ms, evidence.start_ms);
}

// ---- A target that gets on, and one that only seems to

// Much shorter pauses than what counts as quiet, half the limit, since this machine may be busy.
// Attempts, as words that differ by more than their numbers; then ready.
constexpr char kTriesForAWhile[] =
    "trap 'exit 0' TERM; for word in a b c d e f g h i j k l m n o p q r s t u v w x y z; do "
    "echo \"attempt $word\"; sleep 0.05; done; echo ready; while :; do read line; done";

TEST_F(ExecutorTest, ATargetThatGetsOnOutlivesItsLimit) {
  Script(kTriesForAWhile);
  limits_.start = 600;
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone));
  const WaitAccount& wait = evidence.steps[0].wait;
  EXPECT_TRUE(wait.got_on);
  EXPECT_GT(wait.took_ms, 600);
  EXPECT_THAT(wait.ToString(), HasSubstr("it said: attempt"));
}

TEST_F(ExecutorTest, ATargetThatGetsOnForEverIsTimedOutAtTheScenariosOwnLimit) {
  Script("trap 'exit 0' TERM; w=x; while :; do w=x$$w; echo attempt $$w; sleep 0.02; done");
  limits_.start = 600;
  scenario_.limits_ms.start = 1'500;
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kTimedOut));
  EXPECT_TRUE(evidence.steps[0].wait.got_on);
  EXPECT_GE(evidence.steps[0].wait.took_ms, 1'500);
  EXPECT_THAT(evidence.steps[0].detail, HasSubstr("the limit is 600 ms"));
  EXPECT_THAT(evidence.steps[0].detail, HasSubstr("up to 1500 ms in all"));
}

// The tempting mistake: an idle poller says the same line from time to time.
TEST_F(ExecutorTest, ALineThatComesAgainAndAgainIsNoProgress) {
  Script(
      "trap 'exit 0' TERM; n=0; while :; do n=$$((n+1)); echo \"$$n queues idle\"; "
      "sleep 0.02; done");
  limits_.start = 1'000;
  scenario_.limits_ms.start = 60'000;
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kTimedOut));
  EXPECT_FALSE(evidence.steps[0].wait.got_on) << evidence.steps[0].detail;
}

// Nor is it progress that a reactor spins.
TEST_F(ExecutorTest, CpuTimeIsNoProgress) {
  Script("trap 'exit 0' TERM; while :; do :; done");
  limits_.start = 300;
  scenario_.limits_ms.start = 60'000;
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_FALSE(evidence.steps[0].wait.got_on) << evidence.steps[0].detail;
  EXPECT_GT(evidence.steps[0].wait.ran_ms + evidence.steps[0].wait.waited_ms, 0);
}

TEST_F(ExecutorTest, ATargetThatReadsAndWritesGetsOn) {
  // For three times its limit, however fast the machine. Children count when they have ended
  // (/proc/PID/io): many short ones.
  Script(
      "trap 'exit 0' TERM; hundredths() { read -r up idle </proc/uptime; "
      "now=$${up%.*}$${up#*.}; }; hundredths; until=$$((now+120)); "
      "while test $$now -lt $$until; do hundredths; "
      "dd if=/dev/zero of=/dev/null bs=1M count=5 2>/dev/null; done; "
      "echo ready; while :; do read line; done");
  limits_.start = 400;
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone)) << evidence.steps[0].detail;
  EXPECT_TRUE(evidence.steps[0].wait.got_on);
}

TEST_F(ExecutorTest, ASlowStopOfATargetThatGetsOnIsNoHang) {
  Script(
      "trap 'for w in a b c d e f g h i j k l m n o p q r s t u v w x y z; do "
      "echo closing $$w; sleep 0.05; done; exit 0' TERM; "
      "echo ready; while :; do sleep 0.01; done");
  limits_.stop = 600;
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_EQ(evidence.exit.kind, Ended::kExited);
  EXPECT_TRUE(evidence.stop_wait.got_on);
  EXPECT_EQ(evidence.stop_wait.limit_ms, 600);
}

}  // namespace
}  // namespace faultline
