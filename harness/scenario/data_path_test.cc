#include "harness/scenario/data_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/scenario/lint.h"
#include "harness/scenario/load_scenario.h"
#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::SmallDataDir;
using testing::TempDir;

constexpr char kMineProfile[] = "faultline: 1\nprogram: \"true\"\n";

std::string ScenarioOf(const std::string& profile, const std::string& more = "") {
  return "faultline: 1\nprofile: " + profile + "\n" + more + "steps: []\n";
}

class DataPathTest : public ::testing::Test {
 protected:
  LoadedScenario Load(const fs::path& file, const DataPath& data) {
    diagnostics_ = {};
    return LoadScenario(file, {data, "", {}}, diagnostics_);
  }
  std::string Told() const { return diagnostics_.ToString(); }

  const TempDir dir_;
  const TempDir other_;
  Diagnostics diagnostics_;
};

TEST_F(DataPathTest, TheFirstDirectoryWithANameHasIt) {
  const fs::path first = dir_.Write("profiles/a.yaml", kMineProfile);
  other_.Write("profiles/a.yaml", kMineProfile);
  const fs::path second = other_.Write("profiles/b.yaml", kMineProfile);
  const DataPath data({dir_.path(), other_.path()});
  EXPECT_EQ(data.Find(DataKind::kProfile, "a", {}, diagnostics_), first);
  EXPECT_EQ(data.Find(DataKind::kProfile, "b", {}, diagnostics_), second);
  EXPECT_EQ(Told(), "");
  const std::vector<DataPath::Entry> all = data.All(DataKind::kProfile);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_FALSE(all[0].is_hidden);
  EXPECT_TRUE(all[1].is_hidden);
  EXPECT_EQ(all[1].file.parent_path().parent_path(), other_.path());
}

TEST_F(DataPathTest, UnknownNamesSayWhereTheyWereLookedFor) {
  const DataPath data({dir_.path(), other_.path()});
  dir_.Write("profiles/mine.yaml", kMineProfile);
  EXPECT_EQ(data.Find(DataKind::kProfile, "mnie", {}, diagnostics_), std::nullopt);
  EXPECT_THAT(
      Told(),
      HasSubstr("unknown profile `mnie`; expected a file profiles/NAME.yaml below " +
                dir_.path().string() + " or " + other_.path().string() + "; did you mean `mine`?"));
}

TEST_F(DataPathTest, AProfileLiesBesideItsScenario) {
  other_.Write("profiles/mine.yaml", "faultline: 1\nprogram: other\n");
  dir_.Write("mine.yaml", kMineProfile);
  dir_.Write("sub/profiles/deep.yaml", kMineProfile);
  EXPECT_EQ(
      Load(dir_.Write("by-path.yaml", ScenarioOf("./mine.yaml")), other_.path()).profile.program,
      "true");
  EXPECT_EQ(
      Load(dir_.Write("by-file.yaml", ScenarioOf("mine.yaml")), other_.path()).profile.program,
      "true");
  EXPECT_EQ(Load(dir_.Write("by-name.yaml", ScenarioOf("mine")), other_.path()).profile.program,
            "true");
  EXPECT_EQ(Load(dir_.Write("sub/x.yaml", ScenarioOf("deep")), other_.path()).profile.name, "deep");
  EXPECT_EQ(Load(dir_.Write("sub/y.yaml", ScenarioOf("../mine.yaml")), other_.path()).profile.name,
            "mine");
  EXPECT_EQ(Told(), "");
}

TEST_F(DataPathTest, AFileOfAnotherKindIsNoProfile) {
  other_.Write("profiles/x.yaml", kMineProfile);
  // The scenario is called as its profile is, which lies elsewhere.
  const LoadedScenario loaded = Load(dir_.Write("x.yaml", ScenarioOf("x")), other_.path());
  EXPECT_EQ(loaded.profile.program, "true");
  EXPECT_EQ(Told(), "");
}

TEST_F(DataPathTest, AMissingPathNamesTheNearestFile) {
  dir_.Write("mine.yaml", kMineProfile);
  Load(dir_.Write("s.yaml", ScenarioOf("./mien.yaml")), other_.path());
  EXPECT_THAT(Told(),
              HasSubstr("s.yaml:2:10: there is no profile " + (dir_.path() / "mien.yaml").string() +
                        "; did you mean `mine.yaml`?"));
}

TEST_F(DataPathTest, CatalogueAndStepsLieBesideTheScenarioToo) {
  dir_.Write("profiles/mine.yaml",
             "faultline: 1\nprogram: x\ncatalogues: [own, small, ../flat.yaml]\n");
  dir_.Write("catalogue/own.yaml",
             "faultline: 1\npoints:\n  own/point: {symbols: f, fails: {result: -1}}\n");
  dir_.Write("flat.yaml",
             "faultline: 1\npoints:\n  flat/point: {symbols: g, fails: {result: -1}}\n");
  dir_.Write("steps/own.yaml", "faultline: 1\nsteps: [wait_exit]\n");
  dir_.Write("near.yaml", "faultline: 1\nsteps: [wait_ready]\n");
  const fs::path file =
      dir_.Write("s.yaml",
                 "faultline: 1\nprofile: mine\nfaults: [{point: own/point}, {point: flat/point}]\n"
                 "steps: [{include: steps/own.yaml}, {include: ./near.yaml}]\n");
  const LoadedScenario loaded = Load(file, SmallDataDir());
  EXPECT_EQ(Told(), "");
  EXPECT_NE(loaded.catalogue.FindPoint("own/point"), nullptr);
  EXPECT_NE(loaded.catalogue.FindPoint("hugepage/mmap"), nullptr);
  EXPECT_EQ(loaded.scenario.steps.size(), 2u);
}

TEST_F(DataPathTest, OnlyWhatLiesBesideTheScenarioIsNamedByItsPath) {
  dir_.Write("mine.yaml", kMineProfile);
  other_.Write("profiles/shared.yaml", kMineProfile);
  EXPECT_EQ(Load(dir_.Write("a.yaml", ScenarioOf("mine")), other_.path()).scenario.profile,
            (dir_.path() / "mine.yaml").string());
  EXPECT_EQ(Load(dir_.Write("b.yaml", ScenarioOf("shared")), other_.path()).scenario.profile,
            "shared");
}

TEST_F(DataPathTest, LintKnowsAKindByItsKeysAndCountsNothingTwice) {
  dir_.Write("mine.yaml", kMineProfile);
  dir_.Write("points.yaml",
             "faultline: 1\npoints:\n  own/point: {symbols: f, fails: {result: -1}}\n");
  dir_.Write("shared.yaml", "faultline: 1\nsteps: [wait_ready]\n");
  dir_.Write("s.yaml", "faultline: 1\nprofile: ./mine.yaml\nsteps: [{include: ./shared.yaml}]\n");
  dir_.Write("known.yaml", "faultline: 1\nfindings: []\n");
  dir_.Write("compose.yaml", "services: {web: {image: x}}\n");
  dir_.Write("build/CMakeCache.txt", "");
  dir_.Write("build/s.yaml", "faultline: 1\nprofile: nothing\nsteps: []\n");
  dir_.Write(".hidden/s.yaml", "faultline: 1\nprofile: nothing\nsteps: []\n");
  fs::create_symlink(dir_.path() / "s.yaml", dir_.path() / "t.yaml");
  const std::vector<fs::path> files = FindDataFiles(dir_.path());
  EXPECT_EQ(files.size(), 5u);
  for (const fs::path& file : files) {
    EXPECT_EQ(LintFile(file, {SmallDataDir(), "", {}}).ToString(), "") << file;
  }
}

TEST_F(DataPathTest, AScenarioWithoutAProfileStaysAScenario) {
  const fs::path file = dir_.Write("s.yaml", "faultline: 1\nsteps: []\n");
  EXPECT_THAT(LintFile(file, {SmallDataDir(), "", {}}).ToString(), HasSubstr("lacks `profile`"));
}

}  // namespace
}  // namespace faultline
