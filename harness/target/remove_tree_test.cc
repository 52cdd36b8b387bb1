#include "harness/target/remove_tree.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

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
  EXPECT_FALSE(RemoveTree(top));
  EXPECT_TRUE(fs::exists(outside / "precious"));
}

TEST(RemoveTree, EntersDirectoriesWithoutPermissions) {
  const RunDirectory directory;
  const fs::path top = directory.path() / "top";
  fs::create_directories(top / "locked");
  Touch(top / "locked/file");
  fs::permissions(top / "locked", fs::perms::none);
  EXPECT_TRUE(RemoveTree(top));
}

TEST(RemoveTree, DoesNotEnterAnotherMount) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root to mount";
  }
  const RunDirectory directory;
  const fs::path top = directory.path() / "top";
  const fs::path mount_point = top / "mount";
  fs::create_directories(mount_point);
  ASSERT_EQ(mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=64k"), 0);
  Touch(mount_point / "precious");
  EXPECT_FALSE(RemoveTree(top));
  EXPECT_TRUE(fs::exists(mount_point / "precious"));
  EXPECT_EQ(umount(mount_point.c_str()), 0);
}

TEST(RemoveTree, WhatIsNotThereIsNoError) { EXPECT_TRUE(RemoveTree("/no/such/directory")); }

}  // namespace
}  // namespace faultline
