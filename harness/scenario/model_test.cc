#include "harness/scenario/model.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

TEST(SourcePositionTest, PrintsFileLineAndColumn) {
  EXPECT_EQ((SourcePosition{std::make_shared<const std::string>("a.yaml"), 3, 14}.ToString()),
            "a.yaml:3:14");
  EXPECT_EQ(SourcePosition().ToString(), "");
}

TEST(CatalogueTest, FindsPointsByName) {
  Catalogue catalogue;
  catalogue.points.resize(2);
  catalogue.points[1].name = "dpdk/ring/create";
  EXPECT_EQ(catalogue.FindPoint("dpdk/ring/create"), &catalogue.points[1]);
  EXPECT_EQ(catalogue.FindPoint("dpdk/ring"), nullptr);
}

TEST(ScenarioTest, FindsFaultsById) {
  Scenario scenario;
  scenario.faults.resize(1);
  scenario.faults[0].id = "ring";
  EXPECT_EQ(scenario.FindFault("ring"), &scenario.faults[0]);
  EXPECT_EQ(scenario.FindFault("rings"), nullptr);
}

TEST(StepTest, TitlesSayWhatIsDone) {
  const auto title = [](auto action) {
    Step step;
    step.action = std::move(action);
    return step.Title();
  };
  EXPECT_EQ(title(WaitReadyStep{}), "wait until ready");
  EXPECT_EQ(title(RpcStep{.method = "start", .params = {}, .expect = {}}), "rpc start");
  EXPECT_EQ(title(ArmStep{{"a", "b"}}), "arm a, b");
  EXPECT_EQ(title(DisarmStep{{"a"}}), "disarm a");
  EXPECT_EQ(title(SignalStep{15}), "send SIGTERM");
  EXPECT_EQ(title(SignalStep{63}), "send signal 63");
  EXPECT_EQ(title(CommandStep{{"ls", "-l"}}), "run ls -l");
  EXPECT_EQ(title(TerminalStep{"quit"}), "type");
  EXPECT_EQ(title(ExpectLogStep{"^up"}), "expect log line `^up`");
  EXPECT_EQ(title(WaitExitStep{}), "wait for the exit");
}

TEST(StepTest, TitlesOfCommandsAreTheSameInEveryTree) {
  const auto title = [](const std::string& dir) {
    return CommandTitle({dir + "/bin/python3", "-B", dir + "/a/very/long/way/to/the/pools.py",
                         "--socket=" + dir + "/rpc.sock", "bursts", "a/b", "/"});
  };
  EXPECT_EQ(title("/x"), "python3 -B pools.py --socket=rpc.sock bursts a/b /");
  EXPECT_EQ(title("/tmp/fl-1"), title("/home/somebody/faultline/scenarios"));
}

TEST(StepTest, OwnNameIsTheTitle) {
  Step step;
  step.name = "init";
  EXPECT_EQ(step.Title(), "init");
}

}  // namespace
}  // namespace faultline
