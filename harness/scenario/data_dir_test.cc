#include "harness/scenario/data_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/failure.h"
#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::SmallDataDir;
using testing::TempDir;

constexpr char kDirProfile[] = "faultline: 1\nprogram: x\n";

// Neither this machine's user nor its environment has data of its own here.
class DataDirTest : public ::testing::Test {
 protected:
  DataDirTest() {
    ::unsetenv("FAULTLINE_DATA");
    ::setenv("XDG_CONFIG_HOME", home_.path().c_str(), 1);
  }
  ~DataDirTest() override {
    ::unsetenv("FAULTLINE_DATA");
    ::unsetenv("XDG_CONFIG_HOME");
  }

  static fs::path Shipped() { return fs::canonical(fs::path(FAULTLINE_SOURCE_DIR) / "scenarios"); }
  static std::string MistakeOf(const std::vector<std::string>& options) {
    try {
      FindData(options);
    } catch (const Failure& failure) {
      return failure.what();
    }
    return "";
  }

  const TempDir home_;
};

TEST_F(DataDirTest, OptionsThenTheEnvironmentThenTheUsersThenWhatIsShipped) {
  const TempDir one;
  const TempDir two;
  const TempDir three;
  one.Write("profiles/p.yaml", kDirProfile);
  two.Write("p.yaml", kDirProfile);
  three.Write("steps/s.yaml", "faultline: 1\nsteps: []\n");
  home_.Write("faultline/profiles/p.yaml", kDirProfile);
  ::setenv("FAULTLINE_DATA", (two.path().string() + ":" + three.path().string() + ":").c_str(), 1);
  const DataPath data = FindData({SmallDataDir(), one.path()});
  EXPECT_THAT(data.dirs(), ElementsAre(SmallDataDir(), one.path(), two.path(), three.path(),
                                       home_.path() / "faultline", ::testing::_));
  EXPECT_EQ(fs::canonical(data.shipped()), Shipped());
}

TEST_F(DataDirTest, OwnDataDoesNotHideWhatIsShipped) {
  const TempDir mine;
  mine.Write("profiles/p.yaml", kDirProfile);
  Diagnostics diagnostics;
  const DataPath data = FindData({mine.path()});
  EXPECT_TRUE(data.Find(DataKind::kCatalogue, "libc-memory", {}, diagnostics));
  EXPECT_TRUE(data.Find(DataKind::kProfile, "p", {}, diagnostics));
  EXPECT_TRUE(data.Find(DataKind::kProfile, "dpdk-testpmd", {}, diagnostics));
}

TEST_F(DataDirTest, RefusesADirectoryWithoutData) {
  const TempDir dir;
  EXPECT_THAT(MistakeOf({dir.path()}), HasSubstr("expected a directory with data in it"));
  EXPECT_THAT(MistakeOf({"/nonexistent"}), HasSubstr("--data /nonexistent: there is no such"));
  ::setenv("FAULTLINE_DATA", "/nonexistent", 1);
  EXPECT_THAT(MistakeOf({}), HasSubstr("FAULTLINE_DATA /nonexistent: there is no such"));
}

TEST_F(DataDirTest, FindsScenariosAndNothingElse) {
  const TempDir dir;
  for (const char* name : {"b/two.yaml", "a/one.yaml", "a/notes.txt", "profiles/p.yaml",
                           "steps/s.yaml", "catalogue/c.yaml", "schema/x.yaml", "top.yaml"}) {
    dir.Write(name, "faultline: 1\nprofile: p\nsteps: []\n");
  }
  dir.Write("flat-profile.yaml", kDirProfile);
  EXPECT_THAT(
      FindScenarioFiles(dir.path()),
      ElementsAre(dir.path() / "a/one.yaml", dir.path() / "b/two.yaml", dir.path() / "top.yaml"));
  EXPECT_THAT(FindScenarioFiles(dir.path() / "a/one.yaml"), ElementsAre(dir.path() / "a/one.yaml"));
}

}  // namespace
}  // namespace faultline
