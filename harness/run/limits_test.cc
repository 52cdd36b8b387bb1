#include "harness/run/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <set>

#include "harness/base/files.h"
#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

TEST(CalibratedLimitsTest, AreFourTimesTheMeasuredAndAGraceWithinTheBound) {
  LimitsMs upper;
  upper.start = 30'000;
  upper.rpc = 30'000;
  upper.stop = 1'500;
  FaultFreeRun fault_free;
  fault_free.start_ms = 300;
  fault_free.rpc_ms = 9'000;
  fault_free.stop_ms = 20;
  const LimitsMs limits = CalibratedLimits(upper, fault_free);
  EXPECT_EQ(limits.start, 3'200);
  EXPECT_EQ(limits.rpc, 30'000);
  EXPECT_EQ(limits.stop, 1'500);
  upper.stop = 15'000;
  EXPECT_EQ(CalibratedLimits(upper, fault_free).stop, 2'080);
  EXPECT_EQ(BriefLimits(upper, fault_free).stop, 580);
}

class FaultFreeCacheTest : public testing::Test {
 protected:
  testkit::TemporaryDirectory temporary_;
  const std::filesystem::path& directory_ = temporary_.path();
};

TEST_F(FaultFreeCacheTest, GivesBackWhatWasStoredForTheSameKeysOnly) {
  FaultFreeRun fault_free;
  fault_free.start_ms = 1;
  fault_free.rpc_ms = 2;
  fault_free.stop_ms = 3;
  fault_free.left_behind = {"file \xff"};  // names need not be UTF-8
  FaultFreeCache(directory_, "program", "scenario").Store(fault_free);
  const auto loaded = FaultFreeCache(directory_, "program", "scenario").Load();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->start_ms, 1);
  EXPECT_EQ(loaded->rpc_ms, 2);
  EXPECT_EQ(loaded->stop_ms, 3);
  EXPECT_EQ(loaded->left_behind.size(), 1u);
  EXPECT_FALSE(FaultFreeCache(directory_, "program", "other").Load().has_value());
  EXPECT_FALSE(FaultFreeCache("", "program", "scenario").Load().has_value());
}

TEST_F(FaultFreeCacheTest, MeasuresAgainWhenTheFileIsDamaged) {
  const FaultFreeCache cache(directory_, "program", "scenario");
  cache.Store({});
  for (const char* content : {"", "{", "[]", R"({"start_ms": "x"})"}) {
    WriteFileAtomically(directory_ / "fault-free" / "program-scenario.json", content);
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

TEST(ScenarioKeyTest, FollowsHowTheTargetTellsItsState) {
  const Scenario scenario;
  Profile profile;
  const std::string nothing = ScenarioKey(scenario, profile);
  profile.state_probes.emplace_back().call.method = "get_disks";
  const std::string one = ScenarioKey(scenario, profile);
  EXPECT_NE(one, nothing);
  profile.state_probes[0].promised = false;
  EXPECT_NE(ScenarioKey(scenario, profile), one);
}

TEST(ObserverKeyTest, FollowsWhatIsObserved) {
  Catalogue catalogue;
  const std::string nothing = ObserverKey(catalogue);
  catalogue.observers.emplace_back().symbols = {"make"};
  const std::string one = ObserverKey(catalogue);
  EXPECT_NE(one, nothing);
  catalogue.observers[0].symbols = {"make_all"};
  EXPECT_NE(ObserverKey(catalogue), one);
}

TEST(RulesKeyTest, ChangesWithWhateverAVerdictDependsOn) {
  Scenario scenario;
  scenario.steps.emplace_back().action = RpcStep{"m", nullptr, {}};
  const Profile profile;
  const Catalogue catalogue;
  std::set<std::string> keys = {RulesKey(scenario, profile, catalogue)};
  EXPECT_EQ(keys.count(RulesKey(scenario, profile, catalogue)), 1u);
  const auto differs = [&](const std::string& key) { EXPECT_TRUE(keys.insert(key).second); };

  Scenario other = scenario;
  std::get<RpcStep>(other.steps[0].action).expect.emplace_back();
  differs(RulesKey(other, profile, catalogue));
  std::get<RpcStep>(other.steps[0].action).expect[0].code = -19;
  differs(RulesKey(other, profile, catalogue));
  other = scenario;
  other.limits_ms.stop += 1;
  differs(RulesKey(other, profile, catalogue));

  Profile kind;
  kind.ready.value = "ready";
  differs(RulesKey(scenario, kind, catalogue));
  kind = profile;
  kind.stop_signal = 2;
  differs(RulesKey(scenario, kind, catalogue));
  kind = profile;
  kind.error_lines = {"ERROR"};
  differs(RulesKey(scenario, kind, catalogue));
  kind = profile;
  kind.clean.exit_codes = {0, 1};
  differs(RulesKey(scenario, kind, catalogue));

  Catalogue failing;
  failing.points.emplace_back().name = "p";
  differs(RulesKey(scenario, profile, failing));
  failing.points[0].failure.errno_value = 12;
  differs(RulesKey(scenario, profile, failing));
}

}  // namespace
}  // namespace faultline
