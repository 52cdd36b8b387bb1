#include "harness/base/output_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <future>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/base/precious_file.h"
#include "harness/base/testing/temporary_directory.h"
#include "harness/base/unique_fd.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class OutputFileTest : public testing::Test {
 protected:
  static void ExpectBadInput(const fs::path& path, const std::string& words) {
    try {
      OutputFile("--json", path);
      FAIL() << path << " was accepted";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), ExitCode::kBadInput);
      EXPECT_THAT(failure.what(), HasSubstr("--json " + path.string() + ": " + words));
    }
  }

  testkit::TemporaryDirectory temporary_;
  const fs::path& directory_ = temporary_.path();
};

TEST_F(OutputFileTest, ReplacesARegularFileAsAWhole) {
  const OutputFile file("--json", directory_ / "file");
  EXPECT_TRUE(file.is_replaceable());
  file.Write("a long first content");
  file.Write("second");
  EXPECT_EQ(ReadFile(directory_ / "file"), "second");
}

TEST_F(OutputFileTest, OthersMayReadWhatTheUmaskLeavesThemAndAFileKeepsItsPermissions) {
  const fs::path path = directory_ / "page.html";
  const auto mode = [&] {
    return static_cast<unsigned>(fs::status(path).permissions() & fs::perms::mask);
  };
  const mode_t before = ::umask(027);
  OutputFile("--html", path).Write("first");
  ::umask(before);
  EXPECT_EQ(mode(), 0640u);
  fs::permissions(path, fs::perms(0604));
  OutputFile("--html", path).Write("second");
  EXPECT_EQ(mode(), 0604u);
}

TEST_F(OutputFileTest, ADirectoryOrAMissingOneIsTheUsersMistakeAndNothingIsMade) {
  ExpectBadInput(directory_, "it is a directory");
  ExpectBadInput(directory_ / "", "it is a directory");
  ExpectBadInput(directory_ / "missing" / "file", "there is no directory");
  EXPECT_FALSE(fs::exists(directory_ / "missing"));
}

TEST_F(OutputFileTest, WhatNobodyMeansToLoseIsNotReplaced) {
  const auto write = [&](const std::string& name, const std::string& text) {
    WriteFileAtomically(directory_ / name, text);
    return directory_ / name;
  };
  ExpectBadInput(write("s.db", "SQLite format 3"), "it is a store, which is not replaced");
  ExpectBadInput("/proc/self/exe", "it is a program, which is not replaced");
  const fs::path data = write("s.yaml", "# a comment\nfaultline: 1\n");
  EXPECT_THAT([&] { RequireNoDataFile("--json", data); },
              testing::ThrowsMessage<Failure>(HasSubstr("it is a data file of Faultline, which")));
  OutputFile("--write", data).Write("faultline: 1\n");
  for (const char* text : {"", "{\"faultline_report\": 1}", "key: value\n"}) {
    RequireNoDataFile("--json", write("old.yaml", text));
  }
}

TEST_F(OutputFileTest, ALinkThatLeadsNowhereByACircleStays) {
  fs::create_symlink("b", directory_ / "a");
  fs::create_symlink("a", directory_ / "b");
  ExpectBadInput(directory_ / "a", "Too many levels of symbolic links");
  ExpectBadInput(directory_ / std::string(300, 'x'), "File name too long");
  EXPECT_TRUE(fs::is_symlink(directory_ / "a"));
}

TEST_F(OutputFileTest, ADeviceIsWrittenThroughAndStaysADevice) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can make a device, or replace one";
  }
  const fs::path device = directory_ / "null";
  ASSERT_EQ(::mknod(device.c_str(), S_IFCHR | 0600, ::gnu_dev_makedev(1, 3)), 0);
  const OutputFile file("--json", device);
  EXPECT_FALSE(file.is_replaceable());
  file.Write("x");
  EXPECT_TRUE(fs::is_character_file(device));
}

TEST_F(OutputFileTest, SaysThatADeviceIsFull) {
  const OutputFile file("--json", "/dev/full");
  try {
    file.Write("x");
    FAIL() << "no Failure";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kCannotWork);
    EXPECT_THAT(failure.what(), HasSubstr("--json /dev/full: cannot write it: No space left"));
  }
}

TEST_F(OutputFileTest, AFifoGetsTheContentAndStaysAFifo) {
  const fs::path fifo = directory_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::future<std::optional<std::string>> reader =
      std::async(std::launch::async, [&] { return ReadFile(fifo); });
  OutputFile("--json", fifo).Write("through");
  EXPECT_EQ(reader.get(), "through");
  EXPECT_TRUE(fs::is_fifo(fifo));
}

TEST_F(OutputFileTest, ASymlinkStaysAndLeadsToTheContent) {
  fs::create_directory(directory_ / "other");
  fs::create_symlink("other/real", directory_ / "link");
  OutputFile("--json", directory_ / "link").Write("new");
  EXPECT_TRUE(fs::is_symlink(directory_ / "link"));
  EXPECT_EQ(ReadFile(directory_ / "other" / "real"), "new");
  fs::create_symlink("missing/real", directory_ / "dangling");
  ExpectBadInput(directory_ / "dangling", "there is no directory");
}

// As `--json /dev/stdout > file`: what was written before must not be cut off.
TEST_F(OutputFileTest, AnOwnDescriptorIsWrittenWhereItStands) {
  const UniqueFd fd(::open((directory_ / "out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::write(fd.get(), "before ", 7), 7);
  fs::create_symlink("/proc/self/fd/" + std::to_string(fd.get()), directory_ / "link");
  const OutputFile file("--json", directory_ / "link");
  EXPECT_FALSE(file.is_replaceable());
  file.Write("after");
  EXPECT_EQ(ReadFile(directory_ / "out"), "before after");
}

}  // namespace
}  // namespace faultline
