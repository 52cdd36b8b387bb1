#include "harness/scenario/load_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "harness/base/failure.h"
#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using testing::SmallDataDir;
using testing::TempDir;

constexpr char kTwo[] =
    "faultline: 1\n"
    "environment: {A: all, B: all}\n"
    "targets:\n"
    "  one: {profile: target, variables: {defect: x}, environment: {A: one}}\n"
    "  two: {profile: plain, extra_args: [-c, \"${one.rpc_socket}\"], stop: {signal: SIGUSR1},\n"
    "        shares: {cpu: one}}\n";

class LoadTargetsTest : public ::testing::Test {
 protected:
  LoadedScenario Load(const std::string& text, const std::string& target = "") const {
    LoadOptions options{SmallDataDir(), "", {}};
    options.target = target;
    return LoadScenario(dir_.Write("case.yaml", kTwo + text), options);
  }
  const TempDir dir_;
};

TEST_F(LoadTargetsTest, EachHasItsOwnProfileArgumentsAndEnd) {
  const LoadedScenario loaded = Load("steps: [wait_ready]\n");
  const Scenario& scenario = loaded.scenario;
  ASSERT_EQ(scenario.targets.size(), 2u);
  const Target& two = *scenario.FindTarget("two");
  EXPECT_EQ(two.profile.name, "plain");
  EXPECT_THAT(two.extra_args, ElementsAre("-c", "${one.rpc_socket}"));
  EXPECT_EQ(two.profile.stop_signal, SIGUSR1);
  EXPECT_EQ(two.shares.at("cpu"), "one");
  EXPECT_EQ(scenario.FindTarget("one")->profile.stop_signal, SIGINT);
  const Scenario own = scenario.ForTarget(*scenario.FindTarget("one"));
  EXPECT_EQ(own.environment.at("A"), "one");
  EXPECT_EQ(own.environment.at("B"), "all");
}

TEST_F(LoadTargetsTest, TheFirstIsTheSubjectAndTheOneThatStepsSpeakTo) {
  const LoadedScenario loaded = Load(
      "steps:\n  - wait_ready\n  - {wait_exit: , target: two}\nfaults: [{point: spdk/thing}]\n");
  EXPECT_EQ(loaded.scenario.subject, "one");
  EXPECT_EQ(loaded.profile.name, "target");
  EXPECT_EQ(loaded.scenario.steps[0].target, "one");
  EXPECT_EQ(loaded.scenario.steps[1].target, "two");
  EXPECT_EQ(loaded.scenario.faults[0].target, "one");
}

TEST_F(LoadTargetsTest, AnotherSubjectIsWrittenOrAskedFor) {
  EXPECT_EQ(Load("subject: two\nsteps: []\n").profile.name, "plain");
  const LoadedScenario asked = Load("steps: [wait_ready]\n", "two");
  EXPECT_EQ(asked.profile.name, "plain");
  EXPECT_THAT(asked.scenario.extra_args, ElementsAre("-c", "${one.rpc_socket}"));
  EXPECT_EQ(asked.scenario.steps[0].target, "one");  // steps mean what they meant
  EXPECT_EQ(Load("subject: two\nsteps: []\n", "one").profile.name, "target");
  EXPECT_THROW(Load("steps: []\n", "three"), Failure);
}

TEST_F(LoadTargetsTest, OneThatAStepStartsDoesNotStartAtTheBeginning) {
  const LoadedScenario loaded = Load("steps:\n  - wait_ready\n  - start: two\n");
  EXPECT_FALSE(loaded.scenario.FindTarget("one")->starts_later);
  EXPECT_TRUE(loaded.scenario.FindTarget("two")->starts_later);
  EXPECT_TRUE(std::get<RestartStep>(loaded.scenario.steps[1].action).is_start);
}

TEST_F(LoadTargetsTest, BlocksNameATargetForAllTheirSteps) {
  dir_.Write("more.yaml", "faultline: 1\nsteps: [wait_ready, {wait_exit: , target: one}]\n");
  const LoadedScenario loaded = Load(
      "steps:\n  - {include: ./more.yaml, target: two}\n"
      "  - {repeat: 1, target: two, steps: [wait_ready]}\n"
      "  - {for_each: [a], target: two, steps: [wait_ready]}\n  - wait_ready\n");
  std::vector<std::string> targets;
  for (const Step& step : loaded.scenario.steps) {
    targets.push_back(step.target);
  }
  EXPECT_THAT(targets, ElementsAre("two", "one", "two", "two", "one"));
}

TEST_F(LoadTargetsTest, AProgramOfItsOwnIsStrongerThanTheProfiles) {
  const LoadOptions options{SmallDataDir(), "", {}};
  const LoadedScenario loaded = LoadScenario(
      dir_.Write(
          "own.yaml",
          "faultline: 1\ntargets: {one: {profile: target, program: /bin/true}}\nsteps: []\n"),
      options);
  EXPECT_EQ(loaded.profile.program, "/bin/true");
  EXPECT_EQ(loaded.profile.program_variable, "");
}

}  // namespace
}  // namespace faultline
