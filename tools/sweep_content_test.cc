#include "tools/sweep_content.h"

#include <gtest/gtest.h>

#include <optional>

namespace faultline {
namespace {

// A place that was visited, one that was not, and two that no sweep plans to visit.
SweepDigest ASweep(std::optional<SweepState> last_sweep = std::nullopt) {
  SweepDigest digest;
  digest.last_sweep = last_sweep;
  digest.sites.resize(4);
  digest.sites[0].plans = 2;
  digest.sites[2].site.nested_in = "a";
  digest.sites[3].site.seen_after = "a";
  digest.runs = 2;
  return digest;
}

constexpr char kUnfinished[] = "unfinished: 1 of 2 places visited";

TEST(TellUnfinished, IsWhatTheStoreKnowsOfItsLastSweep) {
  EXPECT_EQ(TellUnfinished(ASweep(SweepState{})), kUnfinished);
  EXPECT_EQ(TellUnfinished(ASweep(SweepState{.ended = true})), "")
      << "the selection or the budget left it out";
}

TEST(TellUnfinished, OfAnOlderStoreIsWhatWasNotVisited) {
  SweepDigest digest = ASweep();
  EXPECT_EQ(TellUnfinished(digest), kUnfinished);
  digest.sites[1].plans = 1;
  EXPECT_EQ(TellUnfinished(digest), "");
}

TEST(TellUnfinished, AllPlacesMayBeVisitedAndTheSweepKilled) {
  SweepDigest digest = ASweep(SweepState{});
  digest.sites[1].plans = 1;
  EXPECT_EQ(TellUnfinished(digest), "unfinished: 2 of 2 places visited");
}

TEST(TellUnfinished, WhereNothingWasVisitedTheVerdictSaysSo) {
  SweepDigest digest = ASweep(SweepState{});
  digest.sites[0].plans = 0;
  digest.runs = 0;
  EXPECT_EQ(TellUnfinished(digest), "");
  EXPECT_EQ(digest.Verdict(), "nothing was visited");
}

TEST(VerdictOf, ASweepThatDidNotEndIsNoneWithoutFindings) {
  EXPECT_EQ(VerdictOf(ASweep(), kUnfinished), kUnfinished);
  EXPECT_EQ(VerdictOf(ASweep(), ""), "no findings");
}

TEST(TellRemaining, IsToldOfABudget) {
  EXPECT_EQ(TellRemaining(ASweep(SweepState{.ended = true, .plans = 9, .remaining = 2})),
            "2 of 9 plans remain");
  EXPECT_EQ(TellRemaining(ASweep(SweepState{.ended = true, .plans = 9})), "");
  EXPECT_EQ(TellRemaining(ASweep()), "");
}

}  // namespace
}  // namespace faultline
