#include "harness/base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "harness/base/failure.h"
#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

class FilesTest : public testing::Test {
 protected:
  testkit::TemporaryDirectory temporary_;
  const std::filesystem::path& directory_ = temporary_.path();
};

TEST_F(FilesTest, ReadsBackWhatWasWritten) {
  const std::string content("a\0b\n", 4);
  WriteFileAtomically(directory_ / "new" / "file", content);
  EXPECT_EQ(ReadFile(directory_ / "new" / "file"), content);
}

TEST_F(FilesTest, ReadsAnEmptyFileAsEmptyAndAMissingOneAsNothing) {
  WriteFileAtomically(directory_ / "empty", "");
  EXPECT_EQ(ReadFile(directory_ / "empty"), "");
  EXPECT_EQ(ReadFile(directory_ / "missing"), std::nullopt);
  EXPECT_EQ(ReadFile(directory_), std::nullopt);
}

TEST_F(FilesTest, WritesPrivateFilesAndDirectories) {
  WriteFileAtomically(directory_ / "new" / "file", "x");
  struct stat status = {};
  ASSERT_EQ(::stat((directory_ / "new").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  ASSERT_EQ(::stat((directory_ / "new" / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(FilesTest, ReplacesAndLeavesNoTemporaryFile) {
  WriteFileAtomically(directory_ / "file", "old");
  WriteFileAtomically(directory_ / "file", "new");
  EXPECT_EQ(ReadFile(directory_ / "file"), "new");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

TEST_F(FilesTest, SaysWhichFileCannotBeWrittenAndWhy) {
  std::filesystem::create_directory(directory_ / "taken");
  try {
    WriteFileAtomically(directory_ / "taken", "x");
    FAIL() << "no Failure";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kCannotWork);
    EXPECT_THAT(failure.what(), testing::HasSubstr("taken: Is a directory"));
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

TEST_F(FilesTest, ACacheThatCannotBeWrittenIsSaidOnceAndStopsNothing) {
  std::filesystem::create_directory(directory_ / "taken");
  testing::internal::CaptureStderr();
  WriteCacheFileAtomically(directory_ / "taken", "x");
  WriteCacheFileAtomically(directory_ / "taken", "x");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, testing::HasSubstr("taken: Is a directory"));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
  WriteCacheFileAtomically(directory_ / "free", "x");
  EXPECT_EQ(ReadFile(directory_ / "free"), "x");
}

}  // namespace
}  // namespace faultline
