#include "harness/scenario/load_scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/failure.h"
#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::SmallDataDir;
using testing::TempDir;

class LoadScenarioTest : public ::testing::Test {
 protected:
  LoadOptions Options(Variables set = {}) const { return {SmallDataDir(), "", std::move(set)}; }

  LoadedScenario Load(const std::string& text, const LoadOptions& options) const {
    return LoadScenario(dir_.Write("case.yaml", "faultline: 1\n" + text), options);
  }
  LoadedScenario Load(const std::string& text) const { return Load(text, Options()); }

  std::string Complaints(const std::string& text, const LoadOptions& options) const {
    try {
      Load(text, options);
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), ExitCode::kBadInput);
      return failure.what();
    }
    return "";
  }

  static const RpcStep& Rpc(const LoadedScenario& loaded, size_t index) {
    return std::get<RpcStep>(loaded.scenario.steps.at(index).action);
  }

  TempDir dir_;
};

constexpr char kSmallest[] = "profile: target\nsteps: [wait_ready]\n";

TEST_F(LoadScenarioTest, ReadsTheSmallestScenario) {
  const LoadedScenario loaded = Load(kSmallest);
  EXPECT_EQ(loaded.scenario.name, "case");
  EXPECT_EQ(loaded.scenario.profile, "target");
  EXPECT_EQ(loaded.profile.program, "target-debug");
  EXPECT_NE(loaded.catalogue.FindPoint("spdk/thing"), nullptr);
  EXPECT_EQ(loaded.scenario.tolerance, Tolerance::kMustSucceed);
  EXPECT_EQ(loaded.scenario.limits_ms.start, 5000);
  EXPECT_FALSE(loaded.scenario.limits_set);
  EXPECT_THAT(loaded.scenario.file, EndsWith("case.yaml"));
}

TEST_F(LoadScenarioTest, ReadsEverythingElse) {
  const LoadedScenario loaded = Load(
      "name: all\nsummary: of it\nprofile: target\nextra_args: [-w, [--x, \"${defect}\"]]\n"
      "environment: {A: \"${run_dir}\"}\nresources: {hugetlbfs_mb: 512, hugepages_mb: 64}\n"
      "limits: {rpc: 1s}\nprepare: [{run: [mkdir, d], expect_exit: 1}]\ntolerance: must_succeed\n"
      "known_findings: [{kind: crash, pattern: SIGSEGV, note: known}]\n"
      "faults: [{point: spdk/thing}]\nsteps: [wait_ready]\n");
  const Scenario& scenario = loaded.scenario;
  EXPECT_EQ(scenario.name, "all");
  EXPECT_EQ(scenario.summary, "of it");
  EXPECT_THAT(scenario.extra_args, ElementsAre("-w"));
  EXPECT_EQ(scenario.environment.at("A"), "${run_dir}");
  EXPECT_EQ(scenario.resources.hugetlbfs_mb, 512);
  EXPECT_EQ(scenario.resources.hugepages_mb, 64);
  EXPECT_EQ(scenario.limits_ms.rpc, 1000);
  EXPECT_EQ(scenario.limits_ms.start, 5000);
  EXPECT_TRUE(scenario.limits_set);
  EXPECT_THAT(scenario.prepare.at(0).argv, ElementsAre("mkdir", "d"));
  EXPECT_THAT(scenario.prepare.at(0).expect_exit, ElementsAre(1));
  EXPECT_EQ(scenario.tolerance, Tolerance::kMustSucceed);
  EXPECT_EQ(scenario.known_findings.at(0).note, "known");
  EXPECT_EQ(scenario.faults.at(0).id, "spdk-thing-1");
}

TEST_F(LoadScenarioTest, APlaceIsWrittenInFull) {
  const std::string complaints = Complaints(
      std::string(kSmallest) + "places:\n  - {site: 12, place: f, index: 0}\n", Options());
  EXPECT_THAT(complaints, HasSubstr(":5:"));
  EXPECT_THAT(complaints, HasSubstr("16 hexadecimal digits"));
  EXPECT_THAT(complaints, HasSubstr("`point`"));
  EXPECT_THAT(complaints, HasSubstr("`index`"));
}

TEST_F(LoadScenarioTest, NoMegabytesAreNoResource) {
  const LoadedScenario loaded =
      Load(std::string(kSmallest) + "variables: {mb: 0}\nresources: {hugetlbfs_mb: \"${mb}\"}\n");
  EXPECT_EQ(loaded.scenario.resources.hugetlbfs_mb, std::nullopt);
}

TEST_F(LoadScenarioTest, HasTheHugetlbfsOfItsProfileUnlessItSaysOtherwise) {
  dir_.Write("profiles/huge.yaml",
             "faultline: 1\nextends: target\nhugetlbfs_mb: \"${mb}\"\nvariables: {mb: 0}\n");
  const auto megabytes = [&](const std::string& resources, const std::string& set) {
    return Load("profile: ./profiles/huge.yaml\nsteps: [wait_ready]\n" + resources,
                Options({{"mb", set}}))
        .scenario.resources.hugetlbfs_mb;
  };
  EXPECT_EQ(megabytes("", "0"), std::nullopt);
  EXPECT_EQ(megabytes("", "64"), 64);
  EXPECT_EQ(megabytes("resources: {hugepages_mb: 128}\n", "64"), 64);
  EXPECT_EQ(megabytes("resources: {hugetlbfs_mb: 8}\n", "64"), 8);
  EXPECT_EQ(megabytes("resources: {hugetlbfs_mb: 0}\n", "64"), std::nullopt);
}

TEST_F(LoadScenarioTest, FaultsMakeCleanFailureAcceptable) {
  EXPECT_EQ(Load(std::string(kSmallest) + "faults: [{point: spdk/thing}]\n").scenario.tolerance,
            Tolerance::kMayFailCleanly);
}

TEST_F(LoadScenarioTest, StrongerVariablesWin) {
  const std::string text = "profile: target\nsteps: [wait_ready]\n";
  EXPECT_EQ(Load(text).profile.program, "target-debug");
  EXPECT_EQ(Load("variables: {build: release}\n" + text).profile.program, "target-release");
  EXPECT_EQ(
      Load("variables: {build: release}\n" + text, Options({{"build", "asan"}})).profile.program,
      "target-asan");
}

TEST_F(LoadScenarioTest, VariablesOfIncludedStepsHaveDefaults) {
  const LoadedScenario loaded = Load("profile: target\nsteps: [include: steps/start.yaml]\n");
  ASSERT_EQ(loaded.scenario.steps.size(), 2u);
  EXPECT_EQ(Rpc(loaded, 1).method, "version");
  EXPECT_EQ(Rpc(loaded, 1).params, nlohmann::json({{"count", 3}, {"text", "3"}}));
  EXPECT_THAT(loaded.scenario.steps[1].position.ToString(), HasSubstr("start.yaml:6:5"));
}

TEST_F(LoadScenarioTest, AnIncludeSetsVariablesForItsOwnStepsOnly) {
  const LoadedScenario loaded = Load(
      "profile: target\nvariables: {n: 9}\nsteps:\n"
      "  - include: steps/start.yaml\n    with: {count: \"${n}\", method: other}\n"
      "  - rpc: ${n}\n");
  EXPECT_EQ(Rpc(loaded, 1).method, "other");
  EXPECT_EQ(Rpc(loaded, 1).params["count"], 9);
  EXPECT_EQ(Rpc(loaded, 2).method, "9");
}

TEST_F(LoadScenarioTest, IncludesNest) {
  const std::string text = "profile: target\nsteps: [include: steps/nested.yaml]\n";
  EXPECT_EQ(Rpc(Load(text), 1).method, "call_from-default");
  EXPECT_EQ(Rpc(Load("variables: {outer: scenario}\n" + text), 1).method, "call_scenario");
}

TEST_F(LoadScenarioTest, SetIsStrongerThanWith) {
  const std::string text =
      "profile: target\nsteps: [{include: steps/start.yaml, with: {method: a}}]\n";
  EXPECT_EQ(Rpc(Load(text), 1).method, "a");
  EXPECT_EQ(Rpc(Load(text, Options({{"method", "b"}})), 1).method, "b");
}

TEST_F(LoadScenarioTest, AnUnknownProfileIsTheOnlyMistakeThatItMakes) {
  const std::string complaints = Complaints(
      "profile: targte\nfaults: [{point: spdk/thing}]\nsteps: [wait_ready, rpc: get]\n", Options());
  EXPECT_THAT(complaints, HasSubstr("did you mean `target`?"));
  EXPECT_EQ(complaints.find('\n'), std::string::npos) << complaints;
}

TEST_F(LoadScenarioTest, UnknownSetKeyNamesTheNearest) {
  EXPECT_EQ(Complaints(kSmallest, Options({{"biuld", "x"}})),
            "--set biuld: neither profile nor scenario has such a variable; did you mean `build`?");
}

TEST_F(LoadScenarioTest, AnotherProfileCanBeAskedFor) {
  LoadOptions options = Options();
  options.profile = "child";
  EXPECT_EQ(Load(kSmallest, options).profile.program, "child-release-256");
  options.profile = "chidl";
  EXPECT_THAT(Complaints(kSmallest, options), HasSubstr("unknown profile `chidl`"));
}

TEST_F(LoadScenarioTest, LoopsAreTheirStepsWithTheLoopsVariable) {
  const LoadedScenario loaded = Load(
      "profile: target\nvariables: {n: 9}\nsteps:\n"
      "  - for_each: [a, \"${n}\"]\n    steps: [{rpc: \"get_${item}\"}]\n"
      "  - for_each: [{name: x, size: 1}]\n"
      "    steps: [{rpc: make, params: {name: \"${name}\", size: \"${size}\"}}]\n"
      "  - repeat: 2\n    as: i\n"
      "    steps: [{repeat: 2, as: j, steps: [{rpc: \"r${i}${j}\"}]}]\n");
  std::vector<std::string> methods;
  for (size_t i = 0; i < loaded.scenario.steps.size(); ++i) {
    methods.push_back(Rpc(loaded, i).method);
  }
  EXPECT_THAT(methods, ElementsAre("get_a", "get_9", "make", "r11", "r12", "r21", "r22"));
  EXPECT_EQ(Rpc(loaded, 2).params, nlohmann::json({{"name", "x"}, {"size", "1"}}));
}

TEST_F(LoadScenarioTest, CyclesAreRestartsBetweenTheSteps) {
  const Scenario scenario = Load(std::string(kSmallest) + "repeat: 3\n").scenario;
  ASSERT_EQ(scenario.steps.size(), 5u);
  EXPECT_EQ(scenario.cycles, 3);
  for (size_t i = 0; i < scenario.steps.size(); ++i) {
    EXPECT_EQ(std::holds_alternative<RestartStep>(scenario.steps[i].action), i % 2 == 1) << i;
  }
}

TEST_F(LoadScenarioTest, WhatIsSavedMayBeUsedFromThatStepOn) {
  const std::string text =
      "profile: target\nsteps:\n  - rpc: a\n    save: {uuid: 0.uuid}\n"
      "  - rpc: b\n    params:\n      quoted: \"${uuid}\"\n      plain: ${uuid}\n";
  const LoadedScenario loaded = Load(text);
  EXPECT_EQ(Rpc(loaded, 0).save.at("uuid"), "0.uuid");
  EXPECT_EQ(Rpc(loaded, 1).params["quoted"], "${uuid}");
  EXPECT_EQ(Rpc(loaded, 1).params["plain"], "\x1f${uuid}");
}

TEST_F(LoadScenarioTest, ACompanionThatAStepStartsDoesNotStartBeforeTheTarget) {
  const Scenario scenario =
      Load(
          "profile: target\nsteps: [wait_ready, {start_companion: late}]\n"
          "companions: [{name: early, run: [a]}, {name: late, run: [b], ready: {log: up}}]\n")
          .scenario;
  EXPECT_FALSE(scenario.FindCompanion("early")->started_by_step);
  EXPECT_TRUE(scenario.FindCompanion("late")->started_by_step);
  EXPECT_EQ(scenario.FindCompanion("late")->ready.kind, Companion::Ready::Kind::kLogLine);
}

TEST_F(LoadScenarioTest, ArmStepsArmWhatIsNotArmedAtTheStart) {
  const LoadedScenario loaded = Load(
      "profile: target\nsteps: [wait_ready, arm: late]\n"
      "faults: [{point: spdk/thing, id: late}, {point: spdk/thing, id: early}]\n");
  EXPECT_FALSE(loaded.scenario.FindFault("late")->armed_at_start);
  EXPECT_TRUE(loaded.scenario.FindFault("early")->armed_at_start);
}

TEST_F(LoadScenarioTest, TellsAllMistakesAtOnce) {
  const std::string complaints =
      Complaints("profile: target\nsumary: x\nsteps: [wait_redy]\n", Options());
  EXPECT_THAT(complaints, HasSubstr("case.yaml:3:1: unknown key `sumary`"));
  EXPECT_THAT(complaints, HasSubstr("case.yaml:4:9: unknown step `wait_redy`"));
}

TEST_F(LoadScenarioTest, IncludesThatMultiplyEnd) {
  const TempDir data;
  data.Write("profiles/p.yaml", "faultline: 1\n");
  for (int level = 0; level < 6; ++level) {
    std::string text = "faultline: 1\nsteps:\n";
    for (int i = 0; i < 10; ++i) {
      text += level == 5 ? "  - wait_ready\n"
                         : "  - include: steps/s" + std::to_string(level + 1) + ".yaml\n";
    }
    data.Write("steps/s" + std::to_string(level) + ".yaml", text);
  }
  EXPECT_THAT(Complaints("profile: p\nsteps: [include: steps/s0.yaml]\n", {data.path(), "", {}}),
              HasSubstr("more than 10000 steps"));
}

TEST(AddSetOptionTest, SplitsAtTheFirstEqualsSign) {
  Variables set;
  AddSetOption("a=b=c", set);
  AddSetOption("empty=", set);
  EXPECT_EQ(set, (Variables{{"a", "b=c"}, {"empty", ""}}));
  EXPECT_THROW(AddSetOption("a", set), Failure);
  EXPECT_THROW(AddSetOption("=a", set), Failure);
  EXPECT_THROW(AddSetOption("run_dir=/tmp", set), Failure);
}

}  // namespace
}  // namespace faultline
