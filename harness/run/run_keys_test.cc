#include "harness/run/run_keys.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <set>

namespace faultline {
namespace {

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
