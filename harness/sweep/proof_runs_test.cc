#include "harness/sweep/proof_runs.h"

#include <gmock/gmock.h>

#include <csignal>
#include <map>
#include <optional>
#include <utility>

#include "harness/sweep/testing/proof_fixture.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testkit::AGroup;
using testkit::AReturn;
using testkit::ASite;
using testkit::ProofTest;
using End = ProofAttempt::End;

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
    return ProveFromBelow(plan_, AGroup("leak: x"), knowledge_,
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
