#include "harness/planner/module_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
namespace fs = std::filesystem;

TEST(DirectoryCheck, KnowsWhatIsThereAndNothingBelowWhatIsNot) {
  const testkit::TemporaryDirectory dir;
  fs::create_directories(dir.path() / "a/b");
  std::ofstream(dir.path() / "file") << "x";
  DirectoryCheck directories;
  EXPECT_TRUE(directories.Exists("/"));
  EXPECT_TRUE(directories.Exists(dir.path() / "a/b"));
  EXPECT_FALSE(directories.Exists(dir.path() / "file"));
  EXPECT_FALSE(directories.Exists(dir.path() / "none/b"));
  fs::create_directories(dir.path() / "none/b");
  EXPECT_FALSE(directories.Exists(dir.path() / "none")) << "it is asked once";
  EXPECT_TRUE(DirectoryCheck().Exists(dir.path() / "none/b"));
}

TEST(ExistingDebugFiles, AreNoticedAsSoonAsTheyAreThere) {
  const testkit::TemporaryDirectory dir;
  ModuleRecord record;
  record.canonical_path = dir.path() / "module.so";
  record.debug_link = "module.debug";
  const auto existing = [&] {
    DirectoryCheck directories;
    return ExistingDebugFiles(record, directories);
  };
  EXPECT_THAT(existing(), IsEmpty());
  const fs::path beside = dir.path() / "module.debug";
  const fs::path below = dir.path() / ".debug/module.debug";
  fs::create_directory(dir.path() / ".debug");
  std::ofstream(below) << "x";
  EXPECT_THAT(existing(), ElementsAre(Pair(below.string(), *FileIdentity::Of(below))));
  std::ofstream(beside) << "x";
  EXPECT_THAT(existing(), ElementsAre(Pair(beside.string(), *FileIdentity::Of(beside)),
                                      Pair(below.string(), *FileIdentity::Of(below))));
  record.has_symtab = true;
  EXPECT_THAT(existing(), IsEmpty()) << "its own symbols are enough";
}

}  // namespace
}  // namespace faultline
