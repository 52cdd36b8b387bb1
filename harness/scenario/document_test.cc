#include "harness/scenario/document.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/scenario/load_scenario.h"
#include "harness/scenario/reserved_names.h"
#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

// Scenarios, a profile and steps in folders of their own.
class FilePlacesTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    fs::create_directories((dir_.path() / name).parent_path());
    std::ofstream(dir_.path() / name) << "faultline: 1\n" << text;
  }
  LoadedScenario Load(const std::string& name) {
    return LoadScenario(dir_.path() / name, {testing::SmallDataDir(), "", {}});
  }
  std::string Path(const std::string& name) const { return (dir_.path() / name).string(); }

  testing::TempDir dir_;
};

TEST_F(FilePlacesTest, StandInEveryTextOfAScenario) {
  Write("profiles/p.yaml", "program: x\n");
  Write("a.yaml",
        "profile: p\nextra_args: [\"${scenario_dir}/a.conf\"]\n"
        "environment: {CONF: \"${scenario_dir}/b\"}\n"
        "variables: {conf: \"${scenario_dir}/c\"}\n"
        "companions: [{name: c, run: [\"${scenario_dir}/d\"], ready: {file: \"${file_dir}/e\"}}]\n"
        "steps:\n  - run: [cat, \"${conf}\", \"$${scenario_dir}\"]\n"
        "  - for_each: [\"${scenario_dir}/f\"]\n    steps: [{run: [cat, \"${item}\"]}]\n");
  const Scenario scenario = Load("a.yaml").scenario;
  EXPECT_EQ(scenario.extra_args, std::vector<std::string>{Path("a.conf")});
  EXPECT_EQ(scenario.environment.at("CONF"), Path("b"));
  EXPECT_EQ(scenario.companions.at(0).argv.at(0), Path("d"));
  EXPECT_EQ(scenario.companions.at(0).ready.value, Path("e"));
  const auto& first = std::get<CommandStep>(scenario.steps.at(0).action).argv;
  EXPECT_EQ(first, (std::vector<std::string>{"cat", Path("c"), "$${scenario_dir}"}));
  EXPECT_EQ(std::get<CommandStep>(scenario.steps.at(1).action).argv.at(1), Path("f"));
  EXPECT_FALSE(scenario.variables.contains(kScenarioDir));  // copies of it lie elsewhere
}

TEST_F(FilePlacesTest, ScenarioIsTheOneThatUsesAProfileAndFileIsWhereItStands) {
  Write("data/profiles/p.yaml",
        "program: x\nargs: [\"${scenario_dir}/own.conf\", \"${file_dir}/shared.conf\"]\n");
  Write("data/steps/s.yaml",
        "steps:\n  - run: [cat, \"${scenario_dir}/own\", \"${file_dir}/shared\"]\n");
  Write("one/a.yaml",
        "profile: ../data/profiles/p.yaml\nsteps:\n  - include: ../data/steps/s.yaml\n");
  const LoadedScenario loaded = Load("one/a.yaml");
  EXPECT_EQ(loaded.profile.args,
            (std::vector<std::string>{Path("one/own.conf"), Path("data/profiles/shared.conf")}));
  EXPECT_EQ(std::get<CommandStep>(loaded.scenario.steps.at(0).action).argv,
            (std::vector<std::string>{"cat", Path("one/own"), Path("data/steps/shared")}));
}

TEST_F(FilePlacesTest, WhatAnotherScenarioTakesOverKeepsItsMeaning) {
  Write("profiles/p.yaml", "program: x\n");
  Write("base/a.yaml", "profile: ../profiles/p.yaml\nsteps: [{run: [\"${scenario_dir}/x\"]}]\n");
  Write("other/b.yaml", "extends: ../base/a.yaml\nextra_args: [\"${scenario_dir}/y\"]\n");
  const Scenario scenario = Load("other/b.yaml").scenario;
  EXPECT_EQ(std::get<CommandStep>(scenario.steps.at(0).action).argv.at(0), Path("base/x"));
  EXPECT_EQ(scenario.extra_args, std::vector<std::string>{Path("other/y")});
}

TEST_F(FilePlacesTest, DirectoryWithADollarIsNoVariable) {
  Write("a${b}/profiles/p.yaml", "program: x\n");
  Write("a${b}/a.yaml", "profile: p\nextra_args: [\"${scenario_dir}\"]\nsteps: [wait_exit]\n");
  const Scenario scenario = Load("a${b}/a.yaml").scenario;
  EXPECT_EQ(ExpandForRun(scenario.extra_args.at(0), {}), Path("a${b}"));
}

TEST_F(FilePlacesTest, NamesAreReservedAndMistypedOnesHaveANearest) {
  Write("profiles/p.yaml", "program: x\n");
  Write("a.yaml",
        "profile: p\nvariables: {scenario_dir: /tmp}\n"
        "steps: [{run: [\"${scenario_dirr}/x\"]}]\n");
  Diagnostics diagnostics;
  LoadScenario(dir_.path() / "a.yaml", {testing::SmallDataDir(), "", {}}, diagnostics);
  EXPECT_NE(diagnostics.ToString().find("a.yaml:3:13: `scenario_dir` is where the file lies"),
            std::string::npos)
      << diagnostics.ToString();
  EXPECT_NE(diagnostics.ToString().find(
                "unknown variable `${scenario_dirr}`; did you mean `scenario_dir`?"),
            std::string::npos)
      << diagnostics.ToString();
  Variables set;
  EXPECT_THROW(AddSetOption("file_dir=/tmp", set), Failure);
}

}  // namespace
}  // namespace faultline
