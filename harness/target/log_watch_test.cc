#include "harness/target/log_watch.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>

#include "harness/base/failure.h"
#include "harness/target/run_dir.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LogWatchTest : public ::testing::Test {
 protected:
  LogWatchTest() {
    std::array<int, 2> ends;
    EXPECT_EQ(pipe2(ends.data(), O_NONBLOCK), 0);
    read_end_.reset(ends[0]);
    write_end_.reset(ends[1]);
  }

  // Prints it all, however large, and has the watch read it.
  void Print(LogWatch& log, std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = write(write_end_.get(), text.data(), text.size());
      ASSERT_GT(written, 0);
      text.remove_prefix(static_cast<size_t>(written));
      EXPECT_TRUE(log.OnReadable());
    }
  }

  static std::vector<std::string> Texts(const LogWatch& log) {
    std::vector<std::string> texts;
    for (const LogLine& line : log.Lines()) {
      texts.push_back(line.text);
    }
    return texts;
  }

  UniqueFd read_end_;
  UniqueFd write_end_;
};

TEST_F(LogWatchTest, CutsLinesHoweverTheyArrive) {
  LogWatch log(read_end_.get(), Clock::now());
  Print(log, "o");
  Print(log, "ne\ntwo\r\n\nthr");
  EXPECT_THAT(Texts(log), ElementsAre("one", "two", "", "thr"));
  Print(log, "ee\n");
  EXPECT_THAT(Texts(log), ElementsAre("one", "two", "", "three"));
}

TEST_F(LogWatchTest, SaysWhenAndInWhichStepALineBegan) {
  LogWatch log(read_end_.get(), Clock::now() - std::chrono::milliseconds(5000));
  Print(log, "one\ntw");
  log.set_step(2);
  Print(log, "o\nthree\n");
  const std::vector<LogLine> lines = log.Lines();
  EXPECT_EQ(lines[0].step, 0);
  EXPECT_EQ(lines[1].step, 0);
  EXPECT_EQ(lines[2].step, 2);
  EXPECT_GE(lines[0].time_ms, 5000);
  EXPECT_LE(lines[0].time_ms, lines[2].time_ms);
}

TEST_F(LogWatchTest, FindsALineFromAMarkOn) {
  LogWatch log(read_end_.get(), Clock::now());
  Print(log, "ready\nbusy\n");
  const LinePattern ready("^rea");
  EXPECT_EQ(log.Find(ready, 0), 0U);
  const size_t mark = log.line_count();
  EXPECT_EQ(log.Find(ready, mark), std::nullopt);
  Print(log, "ready again\n");
  EXPECT_EQ(log.Find(ready, mark), 2U);
}

TEST_F(LogWatchTest, FindsAPromptWithoutLineEnd) {
  LogWatch log(read_end_.get(), Clock::now());
  Print(log, "start\ntestpmd> ");
  EXPECT_EQ(log.Find(LinePattern("testpmd> $"), 0), 1U);
  EXPECT_EQ(log.line_count(), 2U);
}

TEST_F(LogWatchTest, TellsTheEnd) {
  LogWatch log(read_end_.get(), Clock::now());
  Print(log, "last words");
  EXPECT_FALSE(log.at_end());
  write_end_.reset();
  EXPECT_FALSE(log.OnReadable());
  EXPECT_TRUE(log.at_end());
  EXPECT_THAT(Texts(log), ElementsAre("last words"));
}

TEST_F(LogWatchTest, CutsAHugeLineAndGoesOnAfterIt) {
  LogWatch log(read_end_.get(), Clock::now());
  Print(log, std::string(LogWatch::kMaxLineBytes + 10, 'x') + "\nnext\n");
  EXPECT_THAT(Texts(log), ElementsAre(HasSubstr("x [10 more bytes]"), "next"));
}

TEST_F(LogWatchTest, SearchesAHugeLineWithoutOverflowingTheStack) {
  LogWatch log(read_end_.get(), Clock::now());
  Print(log, std::string(LogWatch::kMaxLineBytes, 'x') + "y\n");
  EXPECT_EQ(log.Find(LinePattern("(.|z)*y"), 0), std::nullopt);
  EXPECT_EQ(log.Find(LinePattern("^(x|z)+"), 0), 0U);
}

TEST_F(LogWatchTest, KeepsBeginningAndEndOfEndlessOutput) {
  constexpr size_t kLimit = 20'000;
  LogWatch log(read_end_.get(), Clock::now(), {}, kLimit);
  for (int i = 0; i < 1000; ++i) {
    Print(log, "line " + std::to_string(i) + "\n");
  }
  const std::vector<LogLine> lines = log.Lines();
  EXPECT_LT(lines.size() * sizeof(LogLine), kLimit);
  EXPECT_EQ(lines.front().text, "line 0");
  EXPECT_EQ(lines.back().text, "line 999");
  size_t dropped = 0;
  const LinePattern kDropped("^\\[faultline: (\\d+) lines dropped here\\]$");
  for (const LogLine& line : lines) {
    if (const auto match = kDropped.Match(line.text)) {
      dropped += std::stoul((*match)[1]);
    }
  }
  EXPECT_EQ(dropped + lines.size() - 1, 1000U);
  EXPECT_EQ(log.line_count(), 1000U);
  EXPECT_EQ(log.Find(LinePattern("line 999"), 0), 999U);
  EXPECT_EQ(log.Find(LinePattern("line 500$"), 0), std::nullopt);
}

TEST_F(LogWatchTest, CopiesRawBytesUpToTheLimit) {
  const RunDirectory directory;
  const std::filesystem::path copy = directory.path() / "target.log";
  {
    LogWatch log(read_end_.get(), Clock::now(), copy, 10);
    Print(log, "a\r\n");
    Print(log, "0123456789\n");
  }
  std::ifstream in(copy);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "a\r\n0123456");
}

TEST_F(LogWatchTest, ACopyThatCannotBeMadeIsAFailure) {
  EXPECT_THROW(LogWatch(read_end_.get(), Clock::now(), "/no/such/directory/log"), Failure);
}

// Of a target that was forked in the middle of a line.
TEST_F(LogWatchTest, GoesOnWithWhatAnotherHasRead) {
  LogWatch first(read_end_.get(), Clock::now());
  first.set_step(2);
  Print(first, "whole\nbeg");
  LogWatch second(read_end_.get(), Clock::now());
  second.TakeOver(first);
  Print(second, "un\nnext\n");
  EXPECT_THAT(Texts(second), ElementsAre("whole", "begun", "next"));
  EXPECT_EQ(second.Lines().front().step, 2);
  EXPECT_EQ(second.line_count(), 3u);
}

}  // namespace
}  // namespace faultline
