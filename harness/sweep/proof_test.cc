#include "harness/sweep/proof.h"

#include <gmock/gmock.h>

#include <csignal>

#include "harness/sweep/proof_runs.h"
#include "harness/sweep/site_list.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using End = ProofAttempt::End;

// "send_msg+7" is offset 7 in the function send_msg.
Stack AStack(const std::vector<std::string>& frames) {
  Stack stack;
  for (const std::string& text : frames) {
    const size_t plus = text.find('+');
    Frame frame;
    frame.function = text.substr(0, plus);
    frame.module = "target";
    frame.offset = protocol::HashText(text);
    stack.push_back(frame);
  }
  return stack;
}

StoredSite ASite(const std::string& point, const std::vector<std::string>& frames,
                 int64_t position = 1) {
  StoredSite site;
  site.point = point;
  site.stack = CompactText(StackToJson(AStack(frames)));
  site.place = PlaceOf(AStack(frames));
  site.hash = SiteHashText(protocol::HashText(point + site.stack));
  site.position = position;
  site.calls = 1;
  return site;
}

FaultPoint APoint(const std::string& name, const std::string& symbol, FaultPoint::Kind kind) {
  FaultPoint point;
  point.name = name;
  point.symbols = {symbol};
  point.kind = kind;
  return point;
}

class ProofTest : public ::testing::Test {
 protected:
  ProofTest() {
    catalogue_.points = {
        APoint("t/send", "send_msg", FaultPoint::Kind::kDerived),
        APoint("t/create", "create", FaultPoint::Kind::kDerived),
        APoint("libc/calloc", "calloc", FaultPoint::Kind::kLeaf),
        APoint("libc/open", "open", FaultPoint::Kind::kLeaf),
        APoint("ring/enqueue", "enqueue", FaultPoint::Kind::kState),
    };
  }

  std::vector<PlaceBelow> Below(const std::vector<StoredSite>& census) const {
    return PlacesBelow(derived_, catalogue_.points[0], census, catalogue_);
  }
  static std::vector<std::string> Points(const std::vector<PlaceBelow>& places) {
    std::vector<std::string> points;
    for (const PlaceBelow& place : places) {
      points.push_back(place.site.point);
    }
    return points;
  }

  Catalogue catalogue_;
  StoredSite derived_ = ASite("t/send", {"start+1", "main+1"});
};

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

FindingGroup AFinding(const std::string& signature) {
  FindingGroup finding;
  finding.signature = signature;
  return finding;
}

WatchedReturn AReturn(const StoredSite& site, bool returned, bool failed) {
  WatchedReturn call;
  call.point = site.point;
  call.site = SiteHashValue(site.hash);
  call.hit_inside = true;
  call.returned = returned;
  call.failed = failed;
  return call;
}

TEST_F(ProofTest, AnAttemptProvesWhenTheFunctionFailsAndTheFindingComes) {
  StoredRun run;
  run.findings.emplace_back().signature = "crash: x";
  const ExitStatus segv{ExitStatus::Kind::kSignaled, SIGSEGV};
  const auto attempt = [&](const WatchedReturn& call, const std::string& signature = "crash: x") {
    return ReadAttempt(derived_, AFinding(signature), run, {call}, segv);
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
  EXPECT_EQ(ReadAttempt(derived_, AFinding("crash: x"), run, {never}, abort).end, End::kAborted);
  EXPECT_EQ(ReadAttempt(derived_, AFinding("crash: x"), run, {}, abort).end, End::kNotReached);
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

class ProofRunsTest : public ProofTest {
 protected:
  ProofRunsTest()
      : near_(ASite("libc/calloc", {"send_msg+3", "start+1", "main+1"}, 1)),
        far_(ASite("libc/open", {"help+1", "send_msg+4", "start+1", "main+1"}, 2)),
        knowledge_(catalogue_),
        plan_(MakePlans({derived_}, {SweepMode::kTransient}, 1).front()) {
    knowledge_.SetCensus({near_, far_});
  }

  // What comes of a failing `point` in `mode`; all else aborts.
  void When(const std::string& point, SweepMode mode, bool failed, const std::string& signature) {
    ProofRun run;
    run.returns = {AReturn(derived_, true, failed)};
    if (!signature.empty()) {
      run.run.findings.emplace_back().signature = signature;
    }
    runs_[{point, mode}] = run;
  }

  std::optional<ProofOutcome> Prove(int most_runs = 100) {
    return ProveFromBelow(plan_, AFinding("leak: x"), knowledge_,
                          [&, most_runs](const SweepPlan& plan,
                                         const std::string& watched) -> std::optional<ProofRun> {
                            EXPECT_EQ(watched, "t/send");
                            if (static_cast<int>(made_.size()) == most_runs) {
                              return std::nullopt;
                            }
                            made_.push_back(ModeName(plan.mode) + " " + plan.site.point);
                            const auto run = runs_.find({plan.site.point, plan.mode});
                            if (run != runs_.end()) {
                              return run->second;
                            }
                            ProofRun aborted;
                            aborted.exit = {ExitStatus::Kind::kSignaled, SIGABRT};
                            aborted.returns = {AReturn(derived_, false, false)};
                            return aborted;
                          });
  }

  StoredSite near_;
  StoredSite far_;
  ProofKnowledge knowledge_;
  SweepPlan plan_;
  std::map<std::pair<std::string, SweepMode>, ProofRun> runs_;
  std::vector<std::string> made_;
};

TEST_F(ProofRunsTest, TheFirstPlaceThatShowsTheFindingIsTheProof) {
  When("libc/calloc", SweepMode::kTransient, true, "leak: x");
  const auto outcome = Prove();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->proof.state, StoredProof::State::kProven);
  EXPECT_EQ(outcome->proof.text, "proven from below: calloc in send_msg < start");
  EXPECT_EQ(outcome->plan.site.hash, near_.hash);
  EXPECT_THAT(made_, ElementsAre("transient libc/calloc"));
}

TEST_F(ProofRunsTest, WhatARetryHidesIsTriedForGood) {
  When("libc/calloc", SweepMode::kTransient, false, "");
  When("libc/calloc", SweepMode::kPersistent, true, "leak: x");
  const auto outcome = Prove();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->proof.state, StoredProof::State::kProven);
  EXPECT_THAT(
      made_, ElementsAre("transient libc/calloc", "transient libc/open", "persistent libc/calloc"));
}

TEST_F(ProofRunsTest, AFunctionThatAbortsItselfNeverFailsAndIsAskedOnce) {
  const auto outcome = Prove();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->proof.state, StoredProof::State::kMissing);
  EXPECT_THAT(outcome->proof.text, HasSubstr("2 places below it; both end in abort()"));
  EXPECT_THAT(made_, ElementsAre("transient libc/calloc", "transient libc/open"));
  EXPECT_THAT(knowledge_.Impossible(), ::testing::SizeIs(1));
  EXPECT_EQ(Prove()->proof.text, outcome->proof.text);
  EXPECT_THAT(made_, ::testing::SizeIs(2)) << "the answer is known";
}

// Another call of send_msg, and what lies below it; its way through the function is `own`.
class AnotherCallTest : public ProofRunsTest {
 protected:
  AnotherCallTest() { other_ = ASite("t/send", {"stop+1", "main+1"}); }

  void AlsoBelowIt(std::vector<std::vector<std::string>> ways) {
    std::vector<StoredSite> census = {near_, far_};
    for (std::vector<std::string>& frames : ways) {
      const std::string point = frames.front();
      frames.erase(frames.begin());
      frames.insert(frames.end(), {"stop+1", "main+1"});
      census.push_back(ASite(point, frames));
    }
    knowledge_.SetCensus(std::move(census));
  }

  StoredSite other_;
};

TEST_F(AnotherCallTest, FailsAsLittleWhereTheSameWaysEndInAbort) {
  AlsoBelowIt({{"libc/calloc", "send_msg+3"}});
  EXPECT_FALSE(knowledge_.ImpossibleAsOthers(other_)) << "nothing was tried yet";
  Prove();
  const auto reason = knowledge_.ImpossibleAsOthers(other_);
  ASSERT_TRUE(reason);
  EXPECT_EQ(reason->state, StoredProof::State::kMissing);
  EXPECT_EQ(reason->text,
            "send_msg was not seen to fail: 1 place below it; it ends in abort(), as was seen at "
            "another call");
}

TEST_F(AnotherCallTest, IsAnotherQuestionWhereItGoesAnotherWay) {
  AlsoBelowIt({{"libc/calloc", "send_msg+3"}, {"libc/calloc", "send_msg+9"}});
  Prove();
  EXPECT_FALSE(knowledge_.ImpossibleAsOthers(other_));
  AlsoBelowIt({{"libc/open", "send_msg+3"}});
  EXPECT_FALSE(knowledge_.ImpossibleAsOthers(other_)) << "calloc, not open, was seen there";
}

TEST_F(AnotherCallTest, IsAnotherQuestionWhereNothingOrSomethingLiesBelow) {
  Prove();
  EXPECT_FALSE(knowledge_.ImpossibleAsOthers(other_)) << "the one that was tried has places";
}

TEST_F(AnotherCallTest, MayFailOnceSomeCallOfTheFunctionDid) {
  AlsoBelowIt({{"libc/calloc", "send_msg+3"}});
  When("libc/open", SweepMode::kTransient, true, "leak: x");
  Prove();
  EXPECT_TRUE(knowledge_.WasSeenToFail("t/send"));
  EXPECT_FALSE(knowledge_.ImpossibleAsOthers(other_));
}

// A caller's arguments may decide about it, unlike about an abort.
TEST_F(AnotherCallTest, ThatAFailureIsCopedWithMustBeSeenTwice) {
  AlsoBelowIt({{"libc/calloc", "send_msg+3"}});
  for (const SweepMode mode : {SweepMode::kTransient, SweepMode::kPersistent}) {
    When("libc/calloc", mode, false, "");
  }
  Prove();
  EXPECT_THAT(knowledge_.Impossible(), ::testing::SizeIs(1));
  EXPECT_FALSE(knowledge_.ImpossibleAsOthers(other_));
  const StoredSite third = ASite("t/send", {"third+1", "main+1"});
  knowledge_.Learn(third, PlacesBelow(derived_, catalogue_.points[0], {near_}, catalogue_),
                   {{End::kSucceeded, false, true}});
  EXPECT_TRUE(knowledge_.ImpossibleAsOthers(other_));
}

TEST_F(ProofRunsTest, AFailureThatTheTargetBearsIsPossibleButProvesNothing) {
  When("libc/calloc", SweepMode::kTransient, true, "");
  When("libc/calloc", SweepMode::kPersistent, true, "");
  EXPECT_THAT(Prove()->proof.text, HasSubstr("seen to fail once, and the target coped"));
  EXPECT_THAT(knowledge_.Impossible(), IsEmpty());
}

TEST_F(ProofRunsTest, WithoutRunsThereIsNoAnswer) {
  EXPECT_FALSE(Prove(/*most_runs=*/1));
  EXPECT_THAT(knowledge_.Impossible(), IsEmpty());
}

}  // namespace
}  // namespace faultline
