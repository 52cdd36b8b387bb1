#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/agent/testing/widget_test.h"
#include "harness/protocol/site_hash.h"

// What watched calls return, and whether a fault hit inside them.
namespace faultline::agent {
namespace {

using protocol::JournalRecord;
using testing::IsEmpty;
using testing::SizeIs;

class ReturnsTest : public testing::Test {
 protected:
  ReturnsTest() {
    run_.plan.WatchReturn(toolbox_);
    run_.plan.AddHook(kVictim, "make_widget", {widget_});
  }
  // Hooks the watched function, seen by `observer` too.
  void Hook(uint32_t observer = protocol::kNone) {
    run_.plan.AddHook(kVictim, "make_toolbox", {toolbox_}, observer);
  }
  // Fails the `number`th widget; one is made before main.
  void FailWidget(uint64_t number) {
    protocol::PlanRule rule = RuleFor(widget_, number, number);
    rule.phase = protocol::PlanRule::kAfterMain;
    run_.plan.AddRule(rule);
  }
  static uint64_t SiteOf(const VictimResult& result, const JournalRecord& record) {
    return record.site < result.journal.sites.size() ? result.journal.sites[record.site].hash : 0;
  }

  VictimRun run_;
  uint32_t widget_ = run_.plan.AddPoint("widget/make", 0, ENOMEM);
  uint32_t toolbox_ = run_.plan.AddPoint("toolbox/make", 0, ENOMEM);
};

TEST_F(ReturnsTest, AreJournaledWithWhetherAFaultHitInside) {
  Hook();
  FailWidget(2);
  const VictimResult result = run_.Run({"toolboxes", "f", "f", "f"});
  EXPECT_EQ(result.output, "+-+");
  const auto returned = RecordsOf(result, JournalRecord::kReturned);
  ASSERT_THAT(returned, SizeIs(3));
  EXPECT_NE(returned[0].result, 0u);
  EXPECT_EQ(returned[0].flags & JournalRecord::kHitInside, 0);
  EXPECT_EQ(returned[1].result, 0u);
  EXPECT_NE(returned[1].flags & JournalRecord::kHitInside, 0);
  EXPECT_EQ(returned[2].flags & JournalRecord::kHitInside, 0) << "the hit was before it";
  EXPECT_EQ(returned[1].index, toolbox_);
  EXPECT_EQ(returned[1].occurrence, 2u);
  const auto hit = RecordsOf(result, JournalRecord::kHitBelow);
  ASSERT_THAT(hit, SizeIs(1));
  EXPECT_EQ(hit[0].index, toolbox_);
  EXPECT_EQ(hit[0].occurrence, 2u);
  EXPECT_EQ(hit[0].site, returned[1].site);
}

TEST_F(ReturnsTest, AWatchedCallHasTheSiteThatACensusGivesIt) {
  run_.plan.flags = protocol::kRecordSites;
  Hook();
  const VictimResult census = run_.Run({"toolboxes", "f"});
  std::filesystem::remove(run_.plan.journal_path);
  run_.plan.flags = 0;
  const VictimResult watched = run_.Run({"toolboxes", "f"});
  const auto returned = RecordsOf(watched, JournalRecord::kReturned);
  ASSERT_THAT(returned, SizeIs(1));
  bool found = false;
  for (const JournalSite& site : census.journal.sites) {
    found = found || (site.point == toolbox_ && site.hash == SiteOf(watched, returned[0]));
  }
  EXPECT_TRUE(found);
}

TEST_F(ReturnsTest, WhatDoesWithoutComesBackWithAValue) {
  Hook();
  FailWidget(1);
  const VictimResult result = run_.Run({"toolboxes", "t"});
  EXPECT_EQ(result.output, "+");
  const auto returned = RecordsOf(result, JournalRecord::kReturned);
  ASSERT_THAT(returned, SizeIs(1));
  EXPECT_NE(returned[0].result, 0u);
  EXPECT_NE(returned[0].flags & JournalRecord::kHitInside, 0);
}

TEST_F(ReturnsTest, OneThatEndsTheProcessHasOnlyTheHit) {
  Hook();
  FailWidget(1);
  const VictimResult result = run_.Run({"toolboxes", "x", "f"});
  EXPECT_EQ(result.status, 9);
  EXPECT_THAT(RecordsOf(result, JournalRecord::kHitBelow), SizeIs(1));
  EXPECT_THAT(RecordsOf(result, JournalRecord::kReturned), IsEmpty());
}

TEST_F(ReturnsTest, OneThatIsJumpedOutOfIsOverForTheNextFault) {
  Hook();
  FailWidget(1);
  FailWidget(2);
  const VictimResult result = run_.Run({"toolboxes", "j", "f", "f"});
  EXPECT_EQ(result.output, "~-+");
  const auto hit = RecordsOf(result, JournalRecord::kHitBelow);
  ASSERT_THAT(hit, SizeIs(2));
  EXPECT_EQ(hit[0].occurrence, 1u);
  EXPECT_EQ(hit[1].occurrence, 2u) << "not the first again, which is left for good";
  const auto returned = RecordsOf(result, JournalRecord::kReturned);
  ASSERT_THAT(returned, SizeIs(2));
  EXPECT_EQ(returned[0].occurrence, 2u);
}

TEST_F(ReturnsTest, EachCallOfARecursionIsToldInnermostFirst) {
  Hook();
  FailWidget(1);
  const VictimResult result = run_.Run({"toolboxes", "rrf"});
  EXPECT_EQ(result.output, "-");
  const auto returned = RecordsOf(result, JournalRecord::kReturned);
  ASSERT_THAT(returned, SizeIs(3));
  EXPECT_THAT(RecordsOf(result, JournalRecord::kHitBelow), SizeIs(3));
  for (const JournalRecord& record : returned) {
    EXPECT_NE(record.flags & JournalRecord::kHitInside, 0);
    EXPECT_EQ(record.result, 0u);
  }
  EXPECT_NE(returned[0].site, returned[2].site);
}

TEST_F(ReturnsTest, OfASiteTheFirstCallsAndThoseWithAHitAreKept) {
  Hook();
  FailWidget(30);
  std::vector<std::string> arguments(40, "f");
  arguments.insert(arguments.begin(), "toolboxes");
  const auto returned = RecordsOf(run_.Run(arguments), JournalRecord::kReturned);
  ASSERT_THAT(returned, SizeIs(protocol::kMostRecordedReturns + 1));
  EXPECT_EQ(returned.back().occurrence, 30u);
}

TEST_F(ReturnsTest, AnObserverOfTheSameFunctionStillSees) {
  protocol::PlanObserver observer;
  observer.key = protocol::PlanObserver::kKeyResult;
  observer.wrap = 1;
  Hook(run_.plan.AddObserver("toolbox", observer));
  FailWidget(1);
  const VictimResult result = run_.Run({"toolboxes", "f", "f"});
  EXPECT_THAT(RecordsOf(result, JournalRecord::kObserved), SizeIs(2));
  EXPECT_THAT(RecordsOf(result, JournalRecord::kReturned), SizeIs(2));
}

TEST_F(ReturnsTest, AWatchedCallThatFailsItselfHasNoReturn) {
  Hook();
  run_.plan.AddRule(RuleFor(toolbox_, 1, 1));
  const VictimResult result = run_.Run({"toolboxes", "f", "f"});
  EXPECT_EQ(result.output, "-+");
  EXPECT_THAT(RecordsOf(result, JournalRecord::kReturned), SizeIs(1));
  EXPECT_THAT(RecordsOf(result, JournalRecord::kHitBelow), IsEmpty());
}

}  // namespace
}  // namespace faultline::agent
