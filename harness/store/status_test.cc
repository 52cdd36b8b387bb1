#include "harness/store/status.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

FindingGroup AGroup(const std::string& kind, int64_t confirmed, int64_t tries = 3) {
  FindingGroup group;
  group.kind = kind;
  group.seen = 1;
  group.tries = tries;
  group.confirmed = confirmed;
  return group;
}

FindingGroup WithoutProof(FindingGroup group) {
  group.proof = {StoredProof::State::kMissing, "f was not seen to fail", ""};
  return group;
}

TEST(StatusOf, SaysHowOftenAFindingCameAgain) {
  EXPECT_EQ(StatusOf(AGroup("leak", 3)), FindingStatus::kConfirmed);
  EXPECT_EQ(StatusOf(AGroup("leak", 2)), FindingStatus::kFlaky);
  EXPECT_EQ(StatusOf(AGroup("leak", 1)), FindingStatus::kFlaky);
  EXPECT_EQ(StatusOf(AGroup("leak", 0)), FindingStatus::kUnproven);
}

TEST(StatusOf, WhatABudgetCutOffIsNotTriedUnlessItIsKnownToBeFlaky) {
  EXPECT_EQ(StatusOf(AGroup("leak", 0, 0)), FindingStatus::kNotTried);
  EXPECT_EQ(StatusOf(AGroup("leak", 2, 2)), FindingStatus::kNotTried);
  EXPECT_EQ(StatusOf(AGroup("leak", 0, 2)), FindingStatus::kNotTried);
  EXPECT_EQ(StatusOf(AGroup("leak", 1, 2)), FindingStatus::kFlaky);
}

TEST(StatusOf, AFailureThatNothingBringsAboutMakesAFindingAssumed) {
  EXPECT_EQ(StatusOf(WithoutProof(AGroup("crash", 3))), FindingStatus::kAssumed);
  EXPECT_EQ(StatusOf(WithoutProof(AGroup("crash", 1))), FindingStatus::kAssumed);
  EXPECT_EQ(StatusOf(WithoutProof(AGroup("crash", 0))), FindingStatus::kUnproven);
  EXPECT_EQ(StatusOf(WithoutProof(AGroup("crash", 0, 0))), FindingStatus::kAssumed)
      << "its call never fails: no rerun can tell more";
  FindingGroup proven = AGroup("crash", 3);
  proven.proof.state = StoredProof::State::kProven;
  EXPECT_EQ(StatusOf(proven), FindingStatus::kConfirmed);
}

TEST(NeedsConfirming, UntilItIsDecided) {
  EXPECT_TRUE(NeedsConfirming(AGroup("leak", 0, 0)));
  EXPECT_TRUE(NeedsConfirming(AGroup("leak", 1, 2)));
  EXPECT_FALSE(NeedsConfirming(AGroup("leak", 0)));
  EXPECT_FALSE(NeedsConfirming(WithoutProof(AGroup("hang", 0, 0))));
}

TEST(FailsCommand, ForWhatIsConfirmedAndForCrashesSeenTwice) {
  EXPECT_TRUE(FailsCommand(AGroup("leak", 3)));
  EXPECT_FALSE(FailsCommand(AGroup("leak", 2)));
  EXPECT_FALSE(FailsCommand(AGroup("hang", 2)));
  EXPECT_TRUE(FailsCommand(AGroup("crash", 1))) << "in the sweep and again";
  EXPECT_TRUE(FailsCommand(AGroup("sanitizer", 1)));
  EXPECT_FALSE(FailsCommand(AGroup("crash", 0)));
  FindingGroup two_plans = AGroup("crash", 0);
  two_plans.seen = 2;
  EXPECT_TRUE(FailsCommand(two_plans)) << "a crash is one, however busy the machine is";
  EXPECT_FALSE(FailsCommand(AGroup("crash", 0, 0)));
}

TEST(FailsCommand, ForWhatIsAssumedOnlyWhenAsked) {
  EXPECT_FALSE(FailsCommand(WithoutProof(AGroup("crash", 3))));
  EXPECT_TRUE(FailsCommand(WithoutProof(AGroup("crash", 3)), /*assumed_too=*/true));
  EXPECT_FALSE(FailsCommand(WithoutProof(AGroup("crash", 1))));
  EXPECT_FALSE(FailsCommand(AGroup("leak", 0), /*assumed_too=*/true));
}

TEST(StatusText, BlamesARaceOfTheTargetOnTheTarget) {
  FindingGroup race = AGroup("hang", 1);
  race.control_tries = 3;
  race.control = 2;
  EXPECT_TRUE(ComesWithoutFault(race));
  EXPECT_EQ(StatusText(race),
            "flaky: came again in 1 of 3 runs; came in 2 of 3 runs without the fault too: a race "
            "of the target's own");
  race.control = 0;
  EXPECT_FALSE(ComesWithoutFault(race));
  EXPECT_THAT(StatusText(race), Not(HasSubstr("race")));
}

TEST(StatusText, BlamesTheStopSignalThatATargetGetsWhileItBacksOut) {
  FindingGroup group = AGroup("crash", 2);
  group.unsignalled_tries = 3;
  EXPECT_EQ(StatusText(group),
            "flaky: came again in 2 of 3 runs; came in none of 3 runs without the stop signal: the "
            "signal while the target backs out brings it about");
  group.unsignalled = 1;
  EXPECT_THAT(StatusText(group), HasSubstr("came in 1 of 3 runs without the stop signal too"));
  group.confirmed = group.unsignalled = 3;
  EXPECT_THAT(StatusText(group), Not(HasSubstr("signal")));
}

TEST(FindingStatus, WhatComesEachTimeWithoutTheStopSignalIsConfirmed) {
  for (const int64_t confirmed : {0, 2}) {
    FindingGroup group = AGroup("leak", confirmed);
    group.unsignalled_tries = group.unsignalled = 3;
    EXPECT_EQ(StatusOf(group), FindingStatus::kConfirmed);
    EXPECT_THAT(StatusText(group), HasSubstr("came in each of 3 runs without the stop signal"));
    EXPECT_EQ(StatusOf(WithoutProof(group)), FindingStatus::kAssumed);
    group.unsignalled = 2;
    EXPECT_EQ(StatusOf(group), StatusOf(AGroup("leak", confirmed)));
    group.unsignalled_tries = 2;  // no more runs could be made
    EXPECT_EQ(StatusOf(group), StatusOf(AGroup("leak", confirmed)));
  }
}

TEST(StatusText, SaysWhyNothingProvesAFinding) {
  EXPECT_EQ(StatusText(WithoutProof(AGroup("hang", 0, 0))),
            "assumed: its call cannot fail in this build; f was not seen to fail");
  EXPECT_EQ(StatusText(WithoutProof(AGroup("crash", 3))),
            "assumed: came again in 3 of 3 runs; f was not seen to fail");
}

// Tempting: it is a crash that came twice, or a finding that nobody has confirmed.
TEST(FindingStatus, WhatEndsByDesignFailsNothingHoweverOftenItCame) {
  FindingGroup group;
  group.kind = "ends-by-design";
  group.seen = 40;
  for (const int64_t confirmed : {0, 3}) {
    group.tries = group.confirmed = confirmed;
    EXPECT_EQ(StatusOf(group), FindingStatus::kByDesign);
    EXPECT_STREQ(StatusName(StatusOf(group)), "by design");
    EXPECT_FALSE(FailsCommand(group, /*assumed_too=*/true));
    EXPECT_FALSE(NeedsConfirming(group));
  }
}

// What comes without the fault too is blamed on no call.
TEST(Apply, LeavesNoCallInTheTitleOfARaceOfTheTargets) {
  Confirmation confirmation;
  confirmation.tries = confirmation.control_tries = 3;
  confirmation.confirmed = 1;
  confirmation.control = 2;
  const auto title_of = [&](const std::string& title) {
    FindingGroup group;
    group.title = title;
    group.cause = "nothing is released after a failed call in f";
    Apply(confirmation, group);
    EXPECT_EQ(group.cause.empty(), confirmation.control > 0);
    return group.title;
  };
  EXPECT_EQ(title_of("SIGSEGV: wild pointer in stop, after libc/memory/calloc failed in f"),
            "SIGSEGV: wild pointer in stop");
  EXPECT_EQ(title_of("mempool `a/b' is never released by g after dpdk/malloc/zmalloc failed"),
            "mempool `a/b' is never released by g");
  EXPECT_EQ(title_of("it did not end: libc/memory/calloc had failed in f"), "it did not end");
  EXPECT_EQ(title_of("SIGABRT: panic: /dev/x failed in g"), "SIGABRT: panic")
      << "rather too little than a call that is innocent";
  EXPECT_EQ(title_of("SIGABRT: no pool in g"), "SIGABRT: no pool in g");
  confirmation.control = 0;
  EXPECT_EQ(title_of("SIGSEGV in stop, after libc/memory/calloc failed in f"),
            "SIGSEGV in stop, after libc/memory/calloc failed in f");
}

}  // namespace
}  // namespace faultline
