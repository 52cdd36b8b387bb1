#include "harness/target/remove_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "harness/base/unique_fd.h"
#include "harness/target/run_dir.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

void Touch(const fs::path& file) { std::ofstream(file) << "x"; }

TEST(RemoveTree, RemovesAllKindsOfFiles) {
  const RunDirectory directory;
  const fs::path top = directory.path() / "top";
  fs::create_directories(top / "a/b/c");
  Touch(top / "a/b/file");
  Touch(top / ".hidden");
  fs::create_symlink("nowhere", top / "dangling");
  ASSERT_EQ(mkfifo((top / "fifo").c_str(), 0600), 0);
  EXPECT_TRUE(RemoveTree(top));
  EXPECT_FALSE(fs::exists(top));
}

TEST(RemoveTree, NeverFollowsASymbolicLink) {
  const RunDirectory directory;
  const fs::path outside = directory.path() / "outside";
  const fs::path top = directory.path() / "top";
  fs::create_directory(outside);
  fs::create_directory(top);
  Touch(outside / "precious");
  fs::create_directory_symlink(outside, top / "link");
  EXPECT_TRUE(RemoveTree(top));
  EXPECT_TRUE(fs::exists(outside / "precious"));
  fs::create_directory_symlink(outside, top);
  EXPECT_TRUE(RemoveTree(top)) << "the link itself goes";
  EXPECT_TRUE(fs::exists(outside / "precious"));
}

TEST(RemoveTree, ReachesWhatLiesDeeperThanDescriptorsAllow) {
  const RunDirectory directory;
  const fs::path top = directory.path() / "top";
  fs::create_directory(top);
  UniqueFd at(open(top.c_str(), O_RDONLY | O_DIRECTORY));
  for (int depth = 0; depth < 600; ++depth) {
    ASSERT_EQ(mkdirat(at.get(), "d", 0700), 0);
    at.reset(openat(at.get(), "d", O_RDONLY | O_DIRECTORY));
    ASSERT_TRUE(at);
  }
  at.reset();
  EXPECT_TRUE(RemoveTree(top));
}

TEST(RemoveTree, EntersDirectoriesWithoutPermissions) {
  const RunDirectory directory;
  const fs::path top = directory.path() / "top";
  fs::create_directories(top / "locked");
  Touch(top / "locked/file");
  fs::permissions(top / "locked", fs::perms::none);
  EXPECT_TRUE(RemoveTree(top));
}

class RemoveTreeMountTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "needs root to mount";
    }
    fs::create_directories(top_);
    fs::create_directory(outside_);
    Touch(outside_ / "precious");
    fs::permissions(outside_, fs::perms::owner_read);
  }

  const RunDirectory directory_;
  const fs::path outside_ = directory_.path() / "outside";
  const fs::path top_ = directory_.path() / "top";
};

TEST_F(RemoveTreeMountTest, WhatIsMountedInItIsUnmountedAndNotEmptied) {
  for (const char* name : {"a", "b"}) {
    fs::create_directory(top_ / name);
    ASSERT_EQ(mount(outside_.c_str(), (top_ / name).c_str(), nullptr, MS_BIND, nullptr), 0);
  }
  ASSERT_EQ(mount("tmpfs", (top_ / "b").c_str(), "tmpfs", 0, "size=64k"), 0);
  Touch(top_ / "file");
  Touch(directory_.path() / "other");
  ASSERT_EQ(mount((directory_.path() / "other").c_str(), (top_ / "file").c_str(), nullptr, MS_BIND,
                  nullptr),
            0);
  EXPECT_TRUE(RemoveTree(top_));
  EXPECT_TRUE(fs::exists(outside_ / "precious"));
  EXPECT_TRUE(fs::exists(directory_.path() / "other"));
  EXPECT_EQ(fs::status(outside_).permissions(), fs::perms::owner_read) << "not even that changes";
}

TEST_F(RemoveTreeMountTest, WhatIsMountedOverItIsNotEmptied) {
  Touch(top_ / "own");
  ASSERT_EQ(mount(outside_.c_str(), top_.c_str(), nullptr, MS_BIND, nullptr), 0);
  EXPECT_TRUE(RemoveTree(top_));
  EXPECT_TRUE(fs::exists(outside_ / "precious"));
}

TEST(RemoveTree, WhatIsNotThereIsNoError) { EXPECT_TRUE(RemoveTree("/no/such/directory")); }

}  // namespace
}  // namespace faultline
