#include "harness/target/run_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "harness/base/failure.h"
#include "harness/target/remove_tree.h"

namespace faultline {
namespace {

using ::testing::MatchesRegex;

TEST(RunDirectory, IsPrivateUnguessableAndGoneAfterwards) {
  std::filesystem::path path;
  {
    const RunDirectory directory;
    const RunDirectory other;
    path = directory.path();
    struct stat info;
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0700U);
    EXPECT_THAT(path.filename(), MatchesRegex("fl-[a-z2-7]{13}"));
    EXPECT_THAT(directory.file_prefix(), MatchesRegex("fl[a-z2-7]{12}"));
    EXPECT_NE(path, other.path());
    EXPECT_NE(directory.file_prefix(), other.file_prefix());
    std::ofstream(path / "file") << "x";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(RunDirectory, StaysWhenKept) {
  std::filesystem::path path;
  {
    RunDirectory directory;
    directory.Keep();
    path = directory.path();
  }
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_TRUE(RemoveTree(path));
}

TEST(RunDirectory, LeavesRoomForSocketPaths) {
  const RunDirectory root;
  const std::filesystem::path deep = root.path() / std::string(40, 'x');
  std::filesystem::create_directory(deep);
  EXPECT_THROW(RunDirectory{deep}, Failure);
}

TEST(RunDirectory, ARootThatIsMissingIsAFailure) {
  EXPECT_THROW(RunDirectory{"/no/such/root"}, Failure);
}

}  // namespace
}  // namespace faultline
