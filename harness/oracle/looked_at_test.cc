#include "harness/oracle/looked_at.h"

#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class LookedAtTest : public testing::Test {
 protected:
  static LookedAt Of(const testkit::JudgedRun& run) {
    return WhatWasLookedAt(run.evidence,
                           {run.scenario, run.profile, run.catalogue, run.fault_free});
  }
  static std::vector<std::string> Texts(const std::vector<LookedAtDifference>& differences) {
    std::vector<std::string> texts;
    for (const LookedAtDifference& one : differences) {
      texts.push_back(one.what + ": " + one.reference + " | " + one.other);
    }
    return texts;
  }
  std::vector<std::string> Differences() const {
    return Texts(DifferencesOf(Of(reference), Of(other)));
  }

  testkit::JudgedRun reference;
  testkit::JudgedRun other;
};

TEST_F(LookedAtTest, EqualRunsDoNotDiffer) { EXPECT_THAT(Differences(), IsEmpty()); }

TEST_F(LookedAtTest, ACheckThatWasNotMadeIsADifference) {
  RollbackCheck& check = reference.evidence.rollback_checks.emplace_back();
  check.step = 2;
  check.method = "framework_start_init";
  EXPECT_THAT(Differences(),
              ElementsAre("rollback checks of step 2 (framework_start_init): 0 changes, not sent "
                          "again | nothing"));
}

TEST_F(LookedAtTest, EffectsThatWereNotJudgedAreADifference) {
  reference.evidence.rpcs.front().changes = 1;
  EXPECT_THAT(Differences(),
              ElementsAre("effects of step 2 (framework_start_init): 1 changes | nothing"));
}

TEST_F(LookedAtTest, StepsThatEndedOtherwiseAreADifference) {
  other.result(3).status = StepResult::Status::kSkipped;
  EXPECT_THAT(Differences(), ElementsAre("step 3 (signal SIGTERM): done | skipped"));
}

TEST_F(LookedAtTest, CallsThatWereNotObservedAreADifference) {
  reference.Call("mempool/create", 1);
  reference.Call("mempool/create", 2);
  other.Call("mempool/create", 1);
  EXPECT_THAT(Differences(), ElementsAre("objects of the registry mempool: 2 made | 1 made"));
}

// Polling a socket fails again and again, and more often when there is more time.
TEST_F(LookedAtTest, CallsThatMadeNothingAreNotCounted) {
  for (testkit::JudgedRun* run : {&reference, &other}) {
    run->Call("mempool/create", 1);
    run->Call("mempool/create", 0);
  }
  reference.Call("mempool/create", 0);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(LookedAtTest, AnOracleThatCouldNotJudgeIsADifference) {
  const FaultFreeRun fault_free;
  reference.fault_free = &fault_free;
  other.fault_free = &fault_free;
  other.Die(SIGKILL);
  EXPECT_THAT(Differences(), ElementsAre("leaks of objects and descriptors: judged | not "
                                         "judged: it did not exit"));
}

TEST_F(LookedAtTest, WhatIsDifferentInEachRunIsTheTargetsOwnVariety) {
  testkit::JudgedRun again;
  const auto say = [](testkit::JudgedRun& run, int lines) {
    for (int i = 0; i < lines; ++i) {
      run.Say("retrying");
    }
  };
  say(reference, 3);
  say(other, 4);
  say(again, 5);
  const LookedAt second = Of(again);
  EXPECT_THAT(Differences(), ElementsAre("lines of the log: 3 | 4"));
  EXPECT_THAT(DifferencesOf(Of(reference), Of(other), &second), IsEmpty());
  // But what one of them lacks altogether is a difference all the same.
  EXPECT_THAT(Texts(DifferencesOf(Of(reference), Of(testkit::JudgedRun()), &second)),
              ElementsAre("lines of the log: 3 | nothing"));
}

TEST_F(LookedAtTest, WhatASecondRunShowsAsWellIsNone) {
  reference.Call("mempool/create", 1);
  const LookedAt second = Of(other);
  EXPECT_THAT(DifferencesOf(Of(reference), Of(other), &second), IsEmpty());
}

TEST_F(LookedAtTest, TellsWhyLeaksWereNotJudged) {
  reference.Die(SIGSEGV);
  EXPECT_THAT(Of(reference),
              Contains(Pair("leaks of objects and descriptors", "not judged: it did not exit")));
}

}  // namespace
}  // namespace faultline
