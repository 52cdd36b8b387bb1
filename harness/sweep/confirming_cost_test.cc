#include "harness/sweep/confirming_cost.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

using namespace std::chrono_literals;

class ConfirmingCostTest : public ::testing::Test {
 protected:
  ConfirmingCostTest() {
    for (const auto kind : {FaultPoint::Kind::kLeaf, FaultPoint::Kind::kDerived}) {
      FaultPoint& point = context_.all_points.points.emplace_back();
      point.name = kind == FaultPoint::Kind::kLeaf ? "leaf" : "derived";
      point.kind = kind;
    }
  }

  static SweepPlan Plan(const std::string& point) {
    SweepPlan plan;
    plan.site.point = point;
    plan.site.hash = "site of " + point;
    return plan;
  }

  void Add(const std::string& point, const std::string& kind, const std::string& signature) {
    RunResult result;
    result.run.duration_ms = 7'000;
    StoredFinding& finding = result.run.findings.emplace_back();
    finding.kind = kind;
    finding.signature = signature;
    cost_.Add(Plan(point), result);
  }

  SweepContext context_;
  ConfirmingCost cost_{context_};
};

TEST_F(ConfirmingCostTest, AFindingThatNeedsAProofTakesMoreRuns) {
  Add("leaf", "crash", "a");
  const int64_t runs = cost_.runs();
  EXPECT_GT(runs, 3) << "its scenario is made smaller too";
  Add("derived", "crash", "b");
  EXPECT_GT(cost_.runs(), 2 * runs);
  EXPECT_EQ(cost_.alone(), 0ms);
}

TEST_F(ConfirmingCostTest, AHangTakesItsTimeAloneThreeTimes) {
  Add("leaf", "hang", "a");
  EXPECT_EQ(cost_.alone(), 21s);
}

TEST_F(ConfirmingCostTest, AFindingCountsOnce) {
  Add("leaf", "hang", "a");
  const int64_t runs = cost_.runs();
  Add("leaf", "hang", "a");
  EXPECT_EQ(cost_.runs(), runs);
  cost_.Forget();
  EXPECT_EQ(cost_.runs(), 0);
  Add("leaf", "hang", "a");
  EXPECT_EQ(cost_.runs(), 0) << "it has been confirmed";
}

TEST_F(ConfirmingCostTest, WhatNeverFailsNeedsNoMoreRuns) {
  Add("derived", "hang", "a");
  ProofKnowledge knowledge(context_.all_points);
  cost_.LeaveOutImpossible(knowledge);
  EXPECT_EQ(cost_.alone(), 21s);
  knowledge.AddImpossible(Plan("derived").site, {});
  cost_.LeaveOutImpossible(knowledge);
  EXPECT_EQ(cost_.runs(), 0);
  EXPECT_EQ(cost_.alone(), 0ms);
}

}  // namespace
}  // namespace faultline
