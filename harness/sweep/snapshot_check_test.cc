#include "harness/sweep/snapshot_check.h"

#include <gmock/gmock.h>

#include <map>
#include <string>

#include "harness/sweep/testing/fake_workers.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Eq;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Visits whose first run is a snapshot, and whose cold runs are as the test says.
class SnapshotCheckTest : public testing::Test {
 protected:
  SnapshotCheckTest()
      : workers_([this](const SweepContext&, const QueueRequest& request) {
          RunResult result;
          result.run.outcome = request.cold ? cold_outcome_ : "tolerated";
          result.run.exit = "exit 0";
          result.looked_at = {{"rollback checks of step 3", "1"}, {"lines of the log", "12"}};
          result.looked_at["observed calls"] = varies_ ? std::to_string(++runs_) : "2";
          result.run.duration_ms = 100;
          result.took = request.cold ? cold_took_ : snapshot_took_;
          result.from_snapshot = !request.cold;
          if (request.plan->key == finds_) {
            result.run.findings.emplace_back();
            result.run.findings.back().signature = "a leak";
          }
          if (!request.cold && is_blind_) {
            result.looked_at.erase("rollback checks of step 3");
          }
          cold_runs_ += request.cold ? 1 : 0;
          return result;
        }) {}

  // Visits so many plans; what each is believed to be is in outcomes_.
  SnapshotReport Visit(int plans, bool choose) {
    SnapshotCheck check(&pool_, choose);
    RunQueue queue(context_, workers_, 1, {});
    queue.RunOne([&](RunQueue::Runner& runner) {
      for (int i = 0; i < plans; ++i) {
        SweepPlan& plan = plans_[std::to_string(i)];
        plan.key = std::to_string(i);
        plan.site.step = 1 + i / plans_per_step_;
        QueueRequest request;
        request.plan = &plan;
        outcomes_[plan.key] = check.Check(plan, runner.Run(request), runner).run.outcome;
      }
    });
    return check.Report();
  }

  SweepContext context_;
  SnapshotPool pool_;
  std::map<std::string, SweepPlan> plans_;
  std::chrono::milliseconds snapshot_took_{20};
  std::chrono::milliseconds cold_took_{100};
  int plans_per_step_ = 1000;
  std::string cold_outcome_ = "tolerated";
  std::string finds_;
  bool is_blind_ = false;  // snapshots: one judge sees nothing
  bool varies_ = false;    // the target does
  int runs_ = 0;
  int cold_runs_ = 0;
  std::map<std::string, std::string> outcomes_;
  testkit::FakeWorkers workers_;
};

TEST_F(SnapshotCheckTest, TheFirstThatFindNothingAreMadeColdAndThatCounts) {
  finds_ = "1";
  cold_outcome_ = "clean error";
  const SnapshotReport report = Visit(5, /*choose=*/false);
  EXPECT_EQ(cold_runs_, 6);  // each once more, since targets differ by themselves
  EXPECT_EQ(report.checked, 3);
  EXPECT_THAT(report.differed, SizeIs(3));
  EXPECT_THAT(report.differed.front(),
              Eq("0: result: cold clean error, exit 0, snapshot tolerated, exit 0"));
  EXPECT_EQ(outcomes_["0"], "clean error");
  EXPECT_EQ(outcomes_["1"], "tolerated");  // what it found is confirmed anyway
  EXPECT_THAT(report.chosen, IsEmpty());
}

// It would find nothing in any of them, and agree with cold runs that find nothing.
TEST_F(SnapshotCheckTest, AJudgeThatSeesNothingOfSnapshotsIsNamed) {
  is_blind_ = true;
  EXPECT_THAT(Visit(1, /*choose=*/false).differed,
              ElementsAre("0: rollback checks of step 3: cold 1, snapshot nothing"));
  EXPECT_THAT(Visit(60, /*choose=*/true).given_up, HasSubstr("other results"));
}

TEST_F(SnapshotCheckTest, WhatIsDifferentInEachRunIsNoDifference) {
  varies_ = true;
  EXPECT_THAT(Visit(5, /*choose=*/false).differed, IsEmpty());
  EXPECT_EQ(cold_runs_, 6);
}

TEST_F(SnapshotCheckTest, VisitsOfEachStepAreAmongTheSample) {
  plans_per_step_ = 20;
  const SnapshotReport report = Visit(200, /*choose=*/false);
  EXPECT_GE(report.checked, 12);  // three, and one of each later step
  EXPECT_LE(report.checked, 25);
}

TEST_F(SnapshotCheckTest, ChoosesSnapshotsThatAreFasterAndTheSame) {
  const SnapshotReport report = Visit(120, /*choose=*/true);
  EXPECT_THAT(report.chosen,
              HasSubstr("50 took 20 ms each by snapshots and 100 ms cold, with 0 other results"));
  EXPECT_THAT(report.given_up, IsEmpty());
  EXPECT_GE(cold_runs_, 50);
  EXPECT_LT(cold_runs_, 60);
}

TEST_F(SnapshotCheckTest, GivesUpSnapshotsThatAreHardlyFaster) {
  snapshot_took_ = 90ms;
  EXPECT_THAT(Visit(60, /*choose=*/true).given_up, HasSubstr("no faster"));
}

TEST_F(SnapshotCheckTest, GivesUpSnapshotsThatShowOtherResults) {
  cold_outcome_ = "clean error";
  EXPECT_THAT(Visit(60, /*choose=*/true).given_up, HasSubstr("other results"));
}

// One carrier goes its way once for all visits, not for those alone that are made both ways.
TEST(SnapshotCost, TheWayOfACarrierIsSharedByAllVisits) {
  SnapshotCost cost = {.took_ms = 1000, .way_ms = 900, .carriers = 1, .checked = 50, .visits = 900};
  EXPECT_DOUBLE_EQ(cost.MsPerVisit(), 21);
  cost.visits = 50;
  EXPECT_DOUBLE_EQ(cost.MsPerVisit(), 38);
}

TEST(SnapshotCost, CarriersThatHadToBeMadeAnewCountInFull) {
  const SnapshotCost cost = {
      .took_ms = 1000, .way_ms = 900, .carriers = 3, .checked = 50, .visits = 900};
  EXPECT_DOUBLE_EQ(cost.MsPerVisit(), 20 + 300.0 / 900 + 300.0 * 2 / 50);
}

TEST(ArrangeForSnapshots, GoesByTheOrderOfTheCallsAndPutsUnknownOnesLast) {
  std::vector<SweepPlan> plans(3);
  const uint64_t sites[] = {7, 5, 6};
  for (size_t i = 0; i < 3; ++i) {
    plans[i].key = std::to_string(sites[i]);
    plans[i].faults.emplace_back();
    plans[i].faults.front().site = sites[i];
    plans[i].faults.front().first = 1;
  }
  ArrangeForSnapshots(plans, {{{5, 1}, 1}, {{6, 1}, 0}}, /*choose=*/false, /*in_turn=*/false);
  EXPECT_EQ(plans[0].key + plans[1].key + plans[2].key, "657");
}

// The most telling ones first, where not all are visited.
TEST(ArrangeForSnapshots, KeepsTheOrderOfABudgetButForWhatOneCarrierServes) {
  std::vector<SweepPlan> plans(400);
  std::map<SiteCall, size_t> order;
  for (size_t i = 0; i < plans.size(); ++i) {
    plans[i].faults.emplace_back();
    plans[i].faults.front().site = i;
    plans[i].faults.front().first = 1;
    order[{i, 1}] = plans.size() - i;
  }
  ArrangeForSnapshots(plans, order, /*choose=*/false, /*in_turn=*/true);
  EXPECT_EQ(plans[0].faults.front().site, 199u);
  EXPECT_EQ(plans[199].faults.front().site, 0u);
  EXPECT_EQ(plans[200].faults.front().site, 399u);
  EXPECT_EQ(plans[399].faults.front().site, 200u);
}

TEST(ArrangeForSnapshots, TakesTheFirstOnesFromAllOverTheScenarioWhenTheyAreToChoose) {
  std::vector<SweepPlan> plans(200);
  std::map<SiteCall, size_t> order;
  for (size_t i = 0; i < plans.size(); ++i) {
    plans[i].faults.emplace_back();
    plans[i].faults.front().site = i;
    plans[i].faults.front().first = 1;
    order[{i, 1}] = i;
  }
  ArrangeForSnapshots(plans, order, /*choose=*/true, /*in_turn=*/false);
  ASSERT_EQ(plans.size(), 200u);
  const auto site = [&](size_t i) { return plans[i].faults.front().site; };
  EXPECT_EQ(site(0), 2u);
  EXPECT_EQ(site(49), 198u);
  EXPECT_EQ(site(50), 0u);
  EXPECT_EQ(site(199), 199u);
}

}  // namespace
}  // namespace faultline
