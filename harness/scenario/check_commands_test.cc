#include "harness/scenario/check_commands.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/scenario/lint.h"
#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

// A scenario with one file beside it, check.sh, that nobody may execute.
class CheckCommandsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Write("check.sh", "exit 0\n");
    Write("profiles/own.yaml", "faultline: 1\nprogram: true\nready: started\n");
  }

  void Write(const std::string& name, const std::string& text) {
    fs::create_directories((dir_.path() / name).parent_path());
    std::ofstream(dir_.path() / name) << text;
  }

  // `rest` of a scenario whose steps are those of `steps`.
  Diagnostics Lint(const std::string& steps, const std::string& rest = "") {
    Write("a.yaml", "faultline: 1\nprofile: own\n" + rest + "steps:\n" + steps);
    return LintFile(dir_.path() / "a.yaml", {testing::SmallDataDir(), "", {}}, &warnings_);
  }

  std::string At(const std::string& place) const {
    return (dir_.path() / "a.yaml").string() + ":" + place + ": ";
  }
  std::string Path(const std::string& name) const { return (dir_.path() / name).string(); }

  testing::TempDir dir_;
  Diagnostics warnings_;
};

TEST_F(CheckCommandsTest, FilesBesideTheScenarioAreFound) {
  fs::permissions(Path("check.sh"), fs::perms::owner_all);
  const Diagnostics found = Lint(
      "  - run: [\"${scenario_dir}/check.sh\"]\n  - run: [sh, \"${scenario_dir}/check.sh\"]\n");
  EXPECT_EQ(found.ToString() + warnings_.ToString(), "");
}

TEST_F(CheckCommandsTest, MissingFileIsToldWithPlaceAndNearest) {
  const Diagnostics found = Lint("  - run: [\"${scenario_dir}/chek.sh\"]\n");
  EXPECT_EQ(found.ToString(), At("4:5") + "`" + Path("chek.sh") +
                                  "`: there is no such file; did you mean `check.sh`?");
}

TEST_F(CheckCommandsTest, FileThatMayNotBeExecutedIsAMistakeUnlessAnInterpreterReadsIt) {
  EXPECT_EQ(Lint("  - run: [\"${scenario_dir}/check.sh\"]\n").ToString(),
            At("4:5") + "`" + Path("check.sh") + "`: it may not be executed");
  EXPECT_TRUE(Lint("  - run: [sh, \"${scenario_dir}/check.sh\"]\n").empty());
}

TEST_F(CheckCommandsTest, ScriptOfAnInterpreterIsLookedFor) {
  EXPECT_EQ(Lint("  - run: [sh, \"${scenario_dir}/no.sh\"]\n").count(), 1);
  EXPECT_TRUE(Lint("  - run: [sh, -c, /no/such/file]\n").empty());
  EXPECT_TRUE(Lint("  - run: [touch, \"${scenario_dir}/made\"]\n").empty());  // it makes it
}

TEST_F(CheckCommandsTest, ProgramThatIsNotInPathIsAWarningAndBeforeARunAMistake) {
  const std::string step = "  - run: [no-such-program-here]\n";
  const Diagnostics found = Lint(step);
  EXPECT_TRUE(found.empty());
  EXPECT_EQ(warnings_.ToString(), At("4:5") + "`no-such-program-here` is not in PATH");
  const LoadedScenario loaded = LoadScenario(Path("a.yaml"), {testing::SmallDataDir(), "", {}});
  EXPECT_THROW(RequireCommands(loaded), Failure);
}

TEST_F(CheckCommandsTest, RelativePathOfAFileBesideTheScenarioIsAWarning) {
  for (const std::string argv : {"[./check.sh]", "[check.sh]", "[sh, check.sh]"}) {
    Lint("  - run: " + argv + "\n");
    EXPECT_NE(warnings_.ToString().find(
                  "expected ${scenario_dir}/check.sh for the file beside the scenario"),
              std::string::npos)
        << argv;
  }
  Lint("  - run: [./made-by-a-step]\n");
  EXPECT_EQ(warnings_.ToString(), "");
}

TEST_F(CheckCommandsTest, WhatOnlyARunKnowsIsPassedOver) {
  EXPECT_TRUE(Lint("  - run: [\"${run_dir}/tool\"]\n  - run: [sh, \"${run_dir}/a\"]\n").empty());
}

TEST_F(CheckCommandsTest, EveryPlaceOfACommandIsLookedAt) {
  const std::string argv = "run: [/no/such/one]";
  const Diagnostics found =
      Lint("  - wait_ready\n", "prepare: [{" + argv + "}]\ncompanions: [{name: c, " + argv +
                                   "}]\nstop: {" + argv + "}\n");
  EXPECT_EQ(found.count(), 3) << found.ToString();
  EXPECT_NE(found.ToString().find(At("3:11")), std::string::npos) << found.ToString();
  Write("steps/s.yaml", "faultline: 1\nsteps:\n  - " + argv + "\n");
  EXPECT_EQ(LintFile(Path("steps/s.yaml"), {testing::SmallDataDir(), "", {}}).count(), 1);
  EXPECT_EQ(Lint("  - include: steps/s.yaml\n").count(), 1);
}

}  // namespace
}  // namespace faultline
