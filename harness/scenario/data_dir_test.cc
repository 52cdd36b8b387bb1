#include "harness/scenario/data_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/failure.h"
#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using testing::SmallDataDir;
using testing::TempDir;

TEST(DataDirTest, TheOptionComesFirst) { EXPECT_EQ(FindDataDir(SmallDataDir()), SmallDataDir()); }

TEST(DataDirTest, ThenTheEnvironment) {
  ::setenv("FAULTLINE_DATA", SmallDataDir().c_str(), 1);
  EXPECT_EQ(FindDataDir(), SmallDataDir());
  ::unsetenv("FAULTLINE_DATA");
}

TEST(DataDirTest, ThenTheSourceTree) {
  EXPECT_EQ(std::filesystem::canonical(FindDataDir()),
            std::filesystem::canonical(std::filesystem::path(FAULTLINE_SOURCE_DIR) / "scenarios"));
}

TEST(DataDirTest, RefusesADirectoryWithoutData) {
  const TempDir dir;
  EXPECT_THROW(FindDataDir(dir.path()), Failure);
}

TEST(DataDirTest, FindsScenariosAndNothingElse) {
  const TempDir dir;
  for (const char* name : {"b/two.yaml", "a/one.yaml", "a/notes.txt", "profiles/p.yaml",
                           "steps/s.yaml", "catalogue/c.yaml", "schema/x.yaml", "top.yaml"}) {
    dir.Write(name, "");
  }
  EXPECT_THAT(
      FindScenarioFiles(dir.path()),
      ElementsAre(dir.path() / "a/one.yaml", dir.path() / "b/two.yaml", dir.path() / "top.yaml"));
  EXPECT_THAT(FindScenarioFiles(dir.path() / "a/one.yaml"), ElementsAre(dir.path() / "a/one.yaml"));
}

}  // namespace
}  // namespace faultline
