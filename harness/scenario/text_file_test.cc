#include "harness/scenario/text_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

using testing::TempDir;

TEST(TextFileTest, ReadsTheWholeFile) {
  const TempDir dir;
  std::string problem;
  EXPECT_EQ(ReadTextFile(dir.Write("a", "one\ntwo"), 100, problem), "one\ntwo");
  EXPECT_EQ(ReadTextFile(dir.Write("b", ""), 100, problem), "");
  EXPECT_EQ(ReadTextFile(dir.Write("c", "1234"), 4, problem), "1234");
  EXPECT_EQ(problem, "");
}

TEST(TextFileTest, SaysWhyAFileCannotBeRead) {
  const TempDir dir;
  std::string problem;
  EXPECT_FALSE(ReadTextFile(dir.path() / "absent", 100, problem).has_value());
  EXPECT_EQ(problem, "No such file or directory");
  EXPECT_FALSE(ReadTextFile(dir.path(), 100, problem).has_value());
  EXPECT_EQ(problem, "not a regular file");
  EXPECT_FALSE(ReadTextFile(dir.Write("large", std::string(5000, 'x')), 4096, problem).has_value());
  EXPECT_EQ(problem, "larger than 4 KiB");
}

TEST(TextFileTest, DoesNotWaitForAFifo) {
  const TempDir dir;
  const std::filesystem::path fifo = dir.path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::string problem;
  EXPECT_FALSE(ReadTextFile(fifo, 100, problem).has_value());
  EXPECT_EQ(problem, "not a regular file");
}

TEST(TextFileTest, AcceptsUtf8) {
  EXPECT_EQ(LineOfBadUtf8("plain\n\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\n"), 0);
  EXPECT_EQ(LineOfBadUtf8(""), 0);
}

TEST(TextFileTest, NamesTheLineThatIsNotUtf8) {
  EXPECT_EQ(LineOfBadUtf8("a\nb\n\xff"), 3);
  EXPECT_EQ(LineOfBadUtf8("\xc3"), 1);              // cut short
  EXPECT_EQ(LineOfBadUtf8("\n\xc0\xaf"), 2);        // overlong
  EXPECT_EQ(LineOfBadUtf8("\xed\xa0\x80"), 1);      // a surrogate
  EXPECT_EQ(LineOfBadUtf8("\xf5\x80\x80\x80"), 1);  // beyond Unicode
  EXPECT_EQ(LineOfBadUtf8(std::string_view("a\0b", 3)), 1);
}

}  // namespace
}  // namespace faultline
