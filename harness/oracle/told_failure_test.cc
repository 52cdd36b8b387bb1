#include "harness/oracle/told_failure.h"

#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"

// Programs without RPC answer in words. Their steps: wait until ready, type a line, expect another.
namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Status = StepResult::Status;
using testkit::IsKind;

class ToldFailure : public ::testing::Test {
 protected:
  ToldFailure() {
    run_.scenario.steps.clear();
    run_.evidence.steps.clear();
    run_.evidence.rpcs.clear();
    run_.scenario.tolerance = Tolerance::kMayFailCleanly;
    run_.scenario.faults.emplace_back().id = "site";
    run_.fault_free = &fault_free_;
    run_.Add(WaitReadyStep{}, "wait until ready");
    run_.Add(TerminalStep{"set 7\n"}, "type");
    run_.Add(ExpectLogStep{"^saved"}, "expect log line `^saved`");
    run_.result(3).status = Status::kUnmet;
  }
  void FailIn(int step) {
    Injection& injection = run_.evidence.injections.emplace_back();
    injection.fault = "site";
    injection.point = "libc/file/fopen";
    injection.action = "fail";
    injection.step = step;
  }

  FaultFreeRun fault_free_;
  testkit::JudgedRun run_;
};

TEST_F(ToldFailure, AnErrorInWordsIsAnAnswerToWhatWasTyped) {
  FailIn(2);
  run_.Say("cannot save: Too many open files", 3);
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

// Tempting: nothing came of it, and a call failed.
TEST_F(ToldFailure, SilenceIsNone) {
  FailIn(2);
  run_.Say("saving", 3);
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("expectation")));
}

TEST_F(ToldFailure, WhatFaultFreeRunsSayTooIsNone) {
  FailIn(2);
  run_.Say("cannot find a configuration", 3);
  fault_free_.lines = {"cannot find a configuration"};
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("expectation")));
}

TEST_F(ToldFailure, AnErrorBeforeItWasAskedForIsNone) {
  FailIn(2);
  run_.Say("cannot open the statistics", 1);
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("expectation")));
}

// What runs without something that failed at its start may refuse what needs it; a request that was
// refused has changed nothing for the next one.
TEST_F(ToldFailure, AnEarlierFailureExcusesOnlyFromTheStartOn) {
  run_.Say("cannot save: there is no store", 3);
  FailIn(1);
  EXPECT_THAT(run_.Judge(), IsEmpty());

  run_.Add(TerminalStep{"set 8\n"}, "type");
  run_.Add(ExpectLogStep{"^saved"}, "expect log line `^saved`");
  run_.result(3).status = Status::kDone;
  run_.result(5).status = Status::kUnmet;
  run_.Say("cannot save: there is no store", 5);
  run_.evidence.injections[0].step = 2;
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("expectation")));
}

TEST_F(ToldFailure, AStepThatMustSucceedMayNot) {
  FailIn(2);
  run_.Say("cannot save", 3);
  run_.scenario.steps[2].tolerance = Tolerance::kMustSucceed;
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("expectation")));
}

TEST_F(ToldFailure, ACommandMaySayItButNotOneThatCameToNoEnd) {
  run_.scenario.steps[2].action = CommandStep{{"client", "set"}};
  FailIn(3);
  run_.result(3).said = "error: the server has no memory";
  run_.result(3).duration_ms = 20;
  EXPECT_THAT(run_.Judge(), IsEmpty());
  run_.result(3).said = "expected 7, got 3";
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("expectation")));
  run_.result(3).said = "error: the server does not answer";
  run_.result(3).duration_ms = run_.result(3).limit_ms;
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("expectation")));
}

// ---- A second life, which looks for what the first one was to keep.

class SecondLife : public ToldFailure {
 protected:
  SecondLife() {
    FailIn(2);
    Evidence first = run_.evidence;
    Evidence second = run_.evidence;
    second.injections.clear();
    second.log.clear();
    run_.evidence.lives = {first, second};
    run_.scenario.steps[2].action = ExpectLogStep{"^value 7"};
  }
  Evidence& first() { return run_.evidence.lives[0]; }
};

TEST_F(SecondLife, IsNotHeldToWhatTheFirstSaidItCouldNotKeep) {
  first().log.push_back({.time_ms = 1, .step = 3, .text = "cannot save: No space left"});
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

// Tempting: a failure hit the first life, so that whatever is missing in the second is excused.
TEST_F(SecondLife, IsHeldToWhatTheFirstSaidItKept) {
  first().steps[2].status = Status::kDone;
  first().log.push_back({.time_ms = 1, .step = 3, .text = "saved"});
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("expectation")));
  EXPECT_THAT(findings[0].details, ElementsAre(HasSubstr("in life 2 of 2")));
}

TEST_F(SecondLife, MustStartWhateverTheFirstSaid) {
  first().log.push_back({.time_ms = 1, .step = 3, .text = "cannot save: No space left"});
  Evidence& second = run_.evidence.lives[1];
  second.steps[0].status = Status::kTargetGone;
  second.exit = {ExitStatus::Kind::kExited, 1};
  EXPECT_THAT(run_.Judge(), ::testing::Contains(IsKind("expectation")));
}

// ---- Files that steps remove which are not done.

TEST_F(ToldFailure, WhatALaterStepRemovesIsNotLeftBehindWhereThatIsNotDone) {
  FailIn(2);
  run_.Say("cannot save", 3);
  run_.Add(TerminalStep{"wipe\n"}, "type");
  run_.result(4).status = Status::kSkipped;
  run_.evidence.left_behind = {"file kept.7.txt", "file kept.tmp"};
  fault_free_.removed_by_steps = {"file kept.1.txt"};
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_EQ(findings[0].title, "left behind: file kept.tmp, after libc/file/fopen failed");
  run_.result(4).status = Status::kDone;
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("leak"), IsKind("leak")));
}

}  // namespace
}  // namespace faultline
