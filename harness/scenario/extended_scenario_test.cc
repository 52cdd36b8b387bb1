#include "harness/scenario/extended_scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/scenario/load_scenario.h"
#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TempDir;

constexpr char kParent[] = R"yaml(faultline: 1
summary: the parent's
profile: p
variables: {method: asked, other: kept}
extra_args: [-x]
limits: {start: 7s}
sweeps: {nightly: {budget: 1m}}
steps: [{rpc: "${method}"}, {include: ./steps.yaml}]
)yaml";

class ExtendedScenarioTest : public ::testing::Test {
 protected:
  ExtendedScenarioTest() {
    dir_.Write("profiles/p.yaml", "faultline: 1\nprogram: prog\nrpc: true\nready: started\n");
    dir_.Write("made/parent.yaml", kParent);
    dir_.Write("made/steps.yaml", "faultline: 1\nsteps: [{rpc: included}]\n");
  }
  LoadedScenario Child(const std::string& text) {
    LoadOptions options;
    options.data = DataPath{dir_.path()};
    diagnostics_ = {};
    return LoadScenario(dir_.Write("again/child.yaml", "faultline: 1\nprofile: p\n" + text),
                        options, diagnostics_);
  }

  const TempDir dir_;
  Diagnostics diagnostics_;
};

TEST_F(ExtendedScenarioTest, TakesOverWhatItHasNot) {
  const LoadedScenario child = Child("extends: ../made/parent.yaml\nvariables: {method: mine}\n");
  EXPECT_EQ(diagnostics_.ToString(), "");
  EXPECT_EQ(child.scenario.name, "child");
  EXPECT_EQ(child.scenario.summary, "the parent's");
  EXPECT_THAT(child.scenario.extra_args, ElementsAre("-x"));
  EXPECT_EQ(child.scenario.variables.at("other"), "kept") << "variables are joined";
  ASSERT_EQ(child.scenario.steps.size(), 2u);
  EXPECT_EQ(std::get<RpcStep>(child.scenario.steps[0].action).method, "mine");
  EXPECT_EQ(std::get<RpcStep>(child.scenario.steps[1].action).method, "included")
      << "paths are those of the file in which they stand";
}

TEST_F(ExtendedScenarioTest, ItsOwnKeysReplaceTheOthers) {
  const LoadedScenario child = Child(
      "extends: ../made/parent.yaml\nextra_args: [-y]\nsteps: [wait_ready]\n"
      "sweeps: {weekly: {budget: 1h}}\n");
  EXPECT_EQ(diagnostics_.ToString(), "");
  EXPECT_THAT(child.scenario.extra_args, ElementsAre("-y"));
  EXPECT_EQ(child.scenario.steps.size(), 1u);
  EXPECT_EQ(child.profile.sweeps.size(), 2u) << "sweeps are joined";
}

TEST_F(ExtendedScenarioTest, TellsWhatCannotBeExtended) {
  Child("extends: ../made/none.yaml\nsteps: [wait_ready]\n");
  EXPECT_THAT(diagnostics_.ToString(), HasSubstr("child.yaml:3:10: "));
  EXPECT_THAT(diagnostics_.ToString(), HasSubstr("none.yaml"));
  Child("extends: parent\nsteps: [wait_ready]\n");
  EXPECT_THAT(diagnostics_.ToString(), HasSubstr("expected the path of a scenario"));
  Child("extends: ./child.yaml\nsteps: [wait_ready]\n");
  EXPECT_THAT(diagnostics_.ToString(), HasSubstr("`./child.yaml` extends itself"));
}

}  // namespace
}  // namespace faultline
