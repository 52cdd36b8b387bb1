#include "harness/sweep/proof.h"

#include <gmock/gmock.h>

#include <csignal>

#include "harness/sweep/testing/proof_fixture.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testkit::AGroup;
using testkit::AReturn;
using testkit::ASite;
using testkit::ProofTest;
using End = ProofAttempt::End;

TEST_F(ProofTest, APlaceIsBelowWhenItsStackIsTheCallsWithTheFunctionInFront) {
  EXPECT_THAT(Points(Below({ASite("libc/calloc", {"send_msg+3", "start+1", "main+1"})})),
              ElementsAre("libc/calloc"));
  EXPECT_THAT(Points(Below({ASite("libc/calloc", {"help+1", "send_msg+3", "start+1", "main+1"})})),
              ElementsAre("libc/calloc"));
}

TEST_F(ProofTest, AnotherCallOfTheFunctionHasPlacesOfItsOwn) {
  EXPECT_THAT(
      Below({ASite("libc/calloc", {"send_msg+3", "start+2", "main+1"}),
             ASite("libc/calloc", {"send_msg+3", "stop+1", "main+1"}),
             ASite("libc/calloc", {"start+1", "main+2"}), ASite("libc/calloc", {"main+1"})}),
      IsEmpty());
}

TEST_F(ProofTest, ADerivedPointBelowProvesNothing) {
  EXPECT_THAT(Below({ASite("t/create", {"send_msg+3", "start+1", "main+1"}),
                     ASite("t/send", {"send_msg+3", "start+1", "main+1"})}),
              IsEmpty());
}

TEST_F(ProofTest, NearPlacesComeFirstThenWhatTheEnvironmentRefuses) {
  EXPECT_THAT(Points(Below({ASite("libc/open", {"help+1", "send_msg+2", "start+1", "main+1"}, 1),
                            ASite("ring/enqueue", {"send_msg+3", "start+1", "main+1"}, 2),
                            ASite("libc/calloc", {"send_msg+4", "start+1", "main+1"}, 3)})),
              ElementsAre("libc/calloc", "ring/enqueue", "libc/open"));
}

TEST_F(ProofTest, AFunctionThatLeftTheStackByATailCallIsLookedForAtLast) {
  EXPECT_THAT(Points(Below({ASite("libc/open", {"really_send+1", "start+1", "main+1"}),
                            ASite("libc/calloc", {"x+1", "send_msg+2", "start+1", "main+1"})})),
              ElementsAre("libc/calloc", "libc/open"));
}

TEST_F(ProofTest, AStackThatWasCutIsComparedAsFarAsItGoes) {
  std::vector<std::string> outer;
  for (int i = 0; i < 31; ++i) {
    outer.push_back("f" + std::to_string(i) + "+1");
  }
  derived_ = ASite("t/send", outer);
  std::vector<std::string> inner = outer;
  inner.insert(inner.begin(), {"a+1", "b+1", "send_msg+1"});
  inner.resize(protocol::kMaxFrames);
  EXPECT_THAT(Points(Below({ASite("libc/calloc", inner)})), ElementsAre("libc/calloc"));
}

TEST_F(ProofTest, OnlyAFailingCallOfADerivedPointNeedsAProof) {
  SweepPlan plan = MakePlans({derived_}, {SweepMode::kTransient}, 1).front();
  EXPECT_TRUE(NeedsProof(plan, catalogue_));
  plan.mode = SweepMode::kSigterm;
  EXPECT_FALSE(NeedsProof(plan, catalogue_)) << "nothing fails";
  for (const char* point : {"libc/calloc", "ring/enqueue"}) {
    const StoredSite site = ASite(point, {"main+1"});
    EXPECT_FALSE(NeedsProof(MakePlans({site}, {SweepMode::kTransient}, 1).front(), catalogue_));
  }
}

TEST_F(ProofTest, ThePlanBelowFailsAtTheSameOccurrence) {
  derived_.calls = 3;
  StoredSite below = ASite("libc/calloc", {"send_msg+3", "start+1", "main+1"});
  below.calls = 2;
  const SweepPlan third = MakePlans({derived_}, {SweepMode::kTransient}, 3).back();
  ASSERT_EQ(third.faults.front().first, 3u);
  const SweepPlan lower = PlanBelow(third, below, SweepMode::kTransient);
  ASSERT_EQ(lower.faults.size(), 1u);
  EXPECT_EQ(lower.faults[0].point, "libc/calloc");
  EXPECT_EQ(lower.faults[0].first, 2u) << "it is called no third time";
  EXPECT_EQ(PlanBelow(third, below, SweepMode::kPersistent).faults.size(), 2u);
}

TEST_F(ProofTest, OfAPairTheFirstFailureStays) {
  const StoredSite first = ASite("libc/open", {"main+7"});
  const StoredSite below = ASite("libc/calloc", {"send_msg+3", "start+1", "main+1"});
  const SweepPlan lower = PlanBelow(MakePairPlan(first, derived_), below, SweepMode::kTransient);
  ASSERT_EQ(lower.faults.size(), 2u);
  EXPECT_EQ(lower.faults[0].point, "libc/open");
  EXPECT_EQ(lower.faults[1].point, "libc/calloc");
}

TEST_F(ProofTest, AnAttemptProvesWhenTheFunctionFailsAndTheFindingComes) {
  StoredRun run;
  run.findings.emplace_back().signature = "crash: x";
  const ExitStatus segv{ExitStatus::Kind::kSignaled, SIGSEGV};
  const auto attempt = [&](const WatchedReturn& call, const std::string& signature = "crash: x") {
    return ReadAttempt(derived_, AGroup(signature), run, {call}, segv);
  };
  EXPECT_TRUE(attempt(AReturn(derived_, true, true)).proves());
  EXPECT_FALSE(attempt(AReturn(derived_, true, false)).proves()) << "it succeeded";
  EXPECT_FALSE(attempt(AReturn(derived_, false, false)).proves()) << "it never returned";
  EXPECT_FALSE(attempt(AReturn(derived_, true, true), "crash: y").proves()) << "another finding";
  WatchedReturn by_itself = AReturn(derived_, true, true);
  by_itself.hit_inside = false;
  EXPECT_FALSE(attempt(by_itself).proves()) << "the place below has nothing to do with it";
  EXPECT_FALSE(attempt(AReturn(ASite("t/send", {"other+1"}), true, true)).proves());
}

TEST_F(ProofTest, AbortInsideTheFunctionIsNotItsFailure) {
  StoredRun run;
  run.findings.emplace_back().signature = "crash: x";
  const ExitStatus abort{ExitStatus::Kind::kSignaled, SIGABRT};
  const WatchedReturn never = AReturn(derived_, false, false);
  EXPECT_EQ(ReadAttempt(derived_, AGroup("crash: x"), run, {never}, abort).end, End::kAborted);
  EXPECT_EQ(ReadAttempt(derived_, AGroup("crash: x"), run, {}, abort).end, End::kNotReached);
}

ProofAttempt Ended(End end, bool is_clean = true) { return {end, false, is_clean}; }

TEST(Refute, SaysHowTheFunctionWasSeenNotToFail) {
  EXPECT_EQ(Refute("send_msg", {Ended(End::kAborted), Ended(End::kAborted)}, 2).proof.text,
            "send_msg was not seen to fail: 2 places below it; both end in abort()");
  EXPECT_EQ(Refute("f", {Ended(End::kAborted)}, 1).proof.text,
            "f was not seen to fail: 1 place below it; it ends in abort()");
  EXPECT_EQ(
      Refute("f", {Ended(End::kAborted), Ended(End::kSucceeded), Ended(End::kSucceeded)}, 9)
          .proof.text,
      "f was not seen to fail: 9 places below it, 3 of them tried; 1 ends in abort(), 2 are coped "
      "with inside");
  EXPECT_EQ(Refute("f", {}, 0).proof.text, "no place below f can fail in this scenario");
}

TEST(Refute, SaysThatTheTargetCoped) {
  EXPECT_EQ(
      Refute("f", {Ended(End::kFailed), Ended(End::kFailed), Ended(End::kFailed)}, 3).proof.text,
      "f was seen to fail 3 times, the target coped each time");
  EXPECT_EQ(Refute("f", {Ended(End::kFailed, false)}, 1).proof.text,
            "f was seen to fail once, without this finding");
}

TEST(Refute, ACallIsOnlyImpossibleWhenEveryPlaceBelowWasTried) {
  EXPECT_TRUE(Refute("f", {Ended(End::kAborted)}, 1).never_fails);
  EXPECT_TRUE(Refute("f", {}, 0).never_fails);
  EXPECT_FALSE(Refute("f", {Ended(End::kAborted)}, 2).never_fails);
  EXPECT_FALSE(Refute("f", {Ended(End::kFailed)}, 1).never_fails);
  EXPECT_FALSE(Refute("f", {Ended(End::kNotReached)}, 1).never_fails) << "that says nothing";
}

}  // namespace
}  // namespace faultline
