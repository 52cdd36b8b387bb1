#include "harness/run/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "harness/base/files.h"

namespace faultline {
namespace {

using testing::ElementsAre;

TEST(CalibrationTest, TakesTheSlowestAnswer) {
  Evidence evidence;
  evidence.start_ms = 300;
  evidence.stop_ms = 20;
  for (const int64_t duration_ms : {5, 700, 6}) {
    RpcExchange rpc;
    rpc.duration_ms = duration_ms;
    evidence.rpcs.push_back(rpc);
  }
  evidence.left_behind = {"file x"};
  const Calibration calibration = MeasureCalibration(evidence);
  EXPECT_EQ(calibration.start_ms, 300);
  EXPECT_EQ(calibration.rpc_ms, 700);
  EXPECT_EQ(calibration.stop_ms, 20);
  EXPECT_THAT(calibration.left_behind, ElementsAre("file x"));
}

TEST(CalibrationTest, LimitsAreFourTimesTheMeasuredAndAGraceWithinTheBound) {
  LimitsMs upper;
  upper.start = 30'000;
  upper.rpc = 30'000;
  upper.stop = 1'500;
  Calibration calibration;
  calibration.start_ms = 300;
  calibration.rpc_ms = 9'000;
  calibration.stop_ms = 20;
  const LimitsMs limits = CalibratedLimits(upper, calibration);
  EXPECT_EQ(limits.start, 3'200);
  EXPECT_EQ(limits.rpc, 30'000);
  EXPECT_EQ(limits.stop, 1'500);
  upper.stop = 15'000;
  EXPECT_EQ(CalibratedLimits(upper, calibration).stop, 2'080);
}

class CalibrationCacheTest : public testing::Test {
 protected:
  CalibrationCacheTest() {
    std::string name = testing::TempDir() + "faultline-limits-XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  ~CalibrationCacheTest() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_;
};

TEST_F(CalibrationCacheTest, GivesBackWhatWasStoredForTheSameKeysOnly) {
  Calibration calibration;
  calibration.start_ms = 1;
  calibration.rpc_ms = 2;
  calibration.stop_ms = 3;
  calibration.left_behind = {"file \xff"};  // names need not be UTF-8
  CalibrationCache(directory_, "program", "scenario").Store(calibration);
  const auto loaded = CalibrationCache(directory_, "program", "scenario").Load();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->start_ms, 1);
  EXPECT_EQ(loaded->rpc_ms, 2);
  EXPECT_EQ(loaded->stop_ms, 3);
  EXPECT_EQ(loaded->left_behind.size(), 1u);
  EXPECT_FALSE(CalibrationCache(directory_, "program", "other").Load().has_value());
  EXPECT_FALSE(CalibrationCache("", "program", "scenario").Load().has_value());
}

TEST_F(CalibrationCacheTest, MeasuresAgainWhenTheFileIsDamaged) {
  const CalibrationCache cache(directory_, "program", "scenario");
  cache.Store({});
  for (const char* content : {"", "{", "[]", R"({"start_ms": "x"})"}) {
    WriteFileAtomically(directory_ / "calibrations" / "program-scenario.json", content);
    EXPECT_FALSE(cache.Load().has_value()) << content;
  }
}

TEST(ScenarioKeyTest, FollowsWhatTheTargetSeesAndIgnoresFaults) {
  Scenario scenario;
  Profile profile;
  RpcStep rpc;
  rpc.method = "start";
  scenario.steps.push_back({rpc, "", {}, false, {}});
  const std::string before = ScenarioKey(scenario, profile);
  scenario.faults.emplace_back().id = "one";
  EXPECT_EQ(ScenarioKey(scenario, profile), before);
  std::get<RpcStep>(scenario.steps[0].action).params = {{"count", 1}};
  const std::string with_params = ScenarioKey(scenario, profile);
  EXPECT_NE(with_params, before);
  scenario.extra_args = {"-s", "64"};
  EXPECT_NE(ScenarioKey(scenario, profile), with_params);
}

TEST(ScenarioKeyTest, TellsNeighbouringListsApart) {
  Scenario scenario;
  Profile a;
  a.args = {"x", "y"};
  Profile b;
  b.args = {"x"};
  b.args_with_hugetlbfs = {"y"};
  EXPECT_NE(ScenarioKey(scenario, a), ScenarioKey(scenario, b));
}

}  // namespace
}  // namespace faultline
