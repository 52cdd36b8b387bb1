#include "tools/sweep_progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <memory>

namespace faultline {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

StoredRun RunWith(const std::string& kind, const std::string& title = "what") {
  StoredRun run;
  run.site = "site";
  run.duration_ms = 200;
  if (!kind.empty()) {
    StoredFinding& finding = run.findings.emplace_back();
    finding.signature = kind + ": " + title;
    finding.kind = kind;
    finding.title = title;
  }
  return run;
}

class ProgressLineTest : public testing::Test {
 protected:
  // What another process that reads the log sees by now.
  std::string Log() const {
    std::string text(4096, '\0');
    text.resize(static_cast<size_t>(
        std::max<ssize_t>(0, ::pread(::fileno(file_.get()), text.data(), text.size(), 0))));
    return text;
  }

  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{std::tmpfile(), std::fclose};
};

TEST_F(ProgressLineTest, ALogHasEachCensusRunAndTheFirstPlanAtOnce) {
  ProgressLine progress(file_.get());
  progress.CensusRun(1, 30);
  EXPECT_EQ(Log(), "census run 1: 30 sites\n");
  progress.CensusRun(2, 30);
  progress.Begin(389, 7);
  EXPECT_EQ(Log(),
            "census run 1: 30 sites\ncensus run 2: 30 sites\n7 of 389 plans, no findings, 0 "
            "sites\n");
}

TEST_F(ProgressLineTest, ALogHasALineOnlyNowAndThen) {
  ProgressLine progress(file_.get(), 1, std::chrono::hours(1));
  progress.Begin(389, 0);
  for (int i = 0; i < 100; ++i) {
    progress.Visited({});
  }
  EXPECT_EQ(Log(), "0 of 389 plans, no findings, 0 sites\n");
}

TEST_F(ProgressLineTest, AFindingIsNamedWhenItIsSeenAndAgainWhenItIsConfirmedOrNot) {
  ProgressLine progress(file_.get(), 1, std::chrono::hours(1));
  progress.Begin(4, 0);
  const StoredRun run = RunWith("crash");
  progress.Visited(run);
  const std::string id = FindingId(run.findings[0].signature);
  EXPECT_THAT(Log(), EndsWith("\nseen " + id + " crash: what\n"));
  const std::string before = Log();
  progress.Visited(run);
  EXPECT_EQ(Log(), before) << "the second time it is nothing new";
  FindingGroup group;
  group.id = id;
  group.kind = "crash";
  group.signature = run.findings[0].signature;
  group.title = "what";
  group.tries = 3;
  progress.Confirmed(group);
  EXPECT_THAT(Log(), EndsWith("\nunproven " + id + " crash: what\n"));
  group.confirmed = 3;
  progress.Confirmed(group);
  EXPECT_THAT(Log(), EndsWith("\nconfirmed " + id + " crash: what\n"));
}

TEST_F(ProgressLineTest, ALineCountsFindingsByKind) {
  ProgressLine progress(file_.get(), 1, std::chrono::seconds(0));
  progress.Begin(4, 0);
  progress.Visited(RunWith("crash"));
  progress.Visited(RunWith("crash", "other"));
  progress.Visited(RunWith("leak"));
  EXPECT_THAT(Log(), HasSubstr("3 of 4 plans, "));
  EXPECT_THAT(Log(), EndsWith("left, 2 crashes, 1 leak, 1 site\n"));
}

TEST_F(ProgressLineTest, AfterTheLastVisitTheFindingsToConfirmAreStillToCome) {
  ProgressLine progress(file_.get(), 1, std::chrono::seconds(0));
  progress.Begin(1, 0);
  progress.Visited(RunWith("crash"));
  EXPECT_THAT(Log(), HasSubstr("1 of 1 plans, confirming 1, 2 s left, 1 crash"))
      << "ten runs of 200 ms";
  EXPECT_THAT(Log(), Not(HasSubstr("0 s left")));
}

TEST_F(ProgressLineTest, WhatAnEarlierCommandLeftUnconfirmedCounts) {
  ProgressLine progress(file_.get(), 1, std::chrono::seconds(0));
  FindingGroup group;
  group.signature = "leak: x";
  group.kind = "leak";
  StoredRun run;
  run.site = "a";
  progress.Resume({run}, {group});
  progress.Begin(2, 2);
  EXPECT_EQ(Log(), "2 of 2 plans, confirming 1, 1 leak, 1 site\n");
}

TEST_F(ProgressLineTest, WhatATargetSaidDoesNotSteerTheTerminal) {
  ProgressLine progress(file_.get());
  progress.Begin(1, 0);
  progress.Visited(RunWith("crash", "\x1b[2J"));
  EXPECT_THAT(Log(), HasSubstr("crash: \\x1b[2J\n"));
}

// The other side of a terminal of so many columns.
class Terminal {
 public:
  explicit Terminal(unsigned short columns) : main_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    ::grantpt(main_);
    ::unlockpt(main_);
    out_ = std::fopen(::ptsname(main_), "w");
    winsize size = {};
    size.ws_col = columns;
    size.ws_row = 24;
    ::ioctl(main_, TIOCSWINSZ, &size);
  }
  ~Terminal() {
    std::fclose(out_);
    ::close(main_);
  }
  std::FILE* out() const { return out_; }
  // What was written since the last call.
  std::string Read() const {
    std::string text;
    pollfd event = {main_, POLLIN, 0};
    while (::poll(&event, 1, 100) == 1) {
      char buffer[4096];
      const ssize_t count = ::read(main_, buffer, sizeof buffer);
      if (count <= 0) {
        break;
      }
      text.append(buffer, static_cast<size_t>(count));
    }
    return text;
  }

 private:
  int main_;
  std::FILE* out_;
};

class ProgressOnTerminalTest : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("CI");
    ::unsetenv("COLUMNS");
  }
};

TEST_F(ProgressOnTerminalTest, ALineIsWrittenOverAndNeverWiderThanTheTerminal) {
  const Terminal terminal(44);
  ProgressLine progress(terminal.out());
  progress.Begin(10000, 1000);
  for (const char* kind : {"crash", "leak", "hang", "swallowed", "io-device-missing"}) {
    progress.Visited(RunWith(kind));
    const std::string text = terminal.Read();
    const std::string line = text.substr(text.rfind("\r\033[K") + 4);
    EXPECT_LT(line.size(), 44u) << line;
    EXPECT_THAT(line, HasSubstr(" of 10000 plans, ")) << "the most important is there";
    EXPECT_THAT(line, AnyOf(EndsWith(" left"), EndsWith(kind), EndsWith(" site")))
        << "what does not fit is left out as a whole";
  }
}

TEST_F(ProgressOnTerminalTest, AFindingStaysAboveTheLineAndBreaksBetweenWords) {
  const Terminal terminal(44);
  ProgressLine progress(terminal.out());
  progress.Begin(10, 0);
  terminal.Read();
  progress.Visited(RunWith("leak", "mempool `session pool' of the transport is left"));
  EXPECT_THAT(terminal.Read(),
              HasSubstr("\r\n    of the transport is left\r\n\r\033[K1 of 10 plans"));
}

TEST_F(ProgressOnTerminalTest, ATerminalThatKnowsNothingAndACiSystemGetPlainLines) {
  for (const char* variable : {"TERM=dumb", "CI=true"}) {
    SetUp();
    ::putenv(const_cast<char*>(variable));
    const Terminal terminal(80);
    ProgressLine progress(terminal.out());
    progress.Begin(10, 0);
    EXPECT_EQ(terminal.Read(), "0 of 10 plans, no findings, 0 sites\r\n") << variable;
  }
  ::unsetenv("CI");
}

TEST(TimeLeft, IsOfVisitsAndOfFindingsToConfirm) {
  using S = TimeLeft::Duration;
  TimeLeft left(/*jobs=*/2);
  EXPECT_EQ(left.Of(10, 1).count(), 0) << "nothing is known";
  left.AddVisit(S(1), S(0.5));
  EXPECT_DOUBLE_EQ(left.Of(10, 0).count(), 5);
  EXPECT_DOUBLE_EQ(left.Of(0, 1).count(), 10) << "one after the other";
  EXPECT_DOUBLE_EQ(left.Of(0, 2).count(), 10) << "two at a time";
  for (int i = 0; i < 300; ++i) {
    left.AddConfirmation(S(30));
  }
  EXPECT_NEAR(left.Of(2, 2).count(), 61, 1) << "as was measured";
}

// The first of those that go on at the same time takes as long as the others together.
TEST(TimeLeft, IsNotWhatTheFirstEventOfItsKindSays) {
  using S = TimeLeft::Duration;
  TimeLeft left(/*jobs=*/2);
  left.AddVisit(S(1), S(9));  // the first after the start
  EXPECT_NEAR(left.Of(100, 0).count(), 127, 1) << "not 900";
  for (int i = 0; i < 100; ++i) {
    left.AddVisit(S(1), S(0.5));
  }
  left.AddConfirmation(S(10));
  EXPECT_NEAR(left.Of(0, 10).count(), 64, 5) << "not 100: 5 s each is usual";
}

TEST_F(ProgressLineTest, FindingsAreExpectedOfPlansThatAreStillToBeVisited) {
  ProgressLine progress(file_.get(), 1, std::chrono::seconds(0));
  progress.Begin(100, 0);
  StoredRun run = RunWith("crash");
  run.duration_ms = 10'000;
  progress.Visited(run);
  const auto minutes = [&] {
    const std::string log = Log();
    return std::stoi(log.substr(log.rfind("plans, ") + 7));
  };
  EXPECT_GT(minutes(), 20) << "99 visits of 10 s, and some more findings of 100 s each";
  run.findings.clear();
  for (int i = 0; i < 50; ++i) {
    progress.Visited(run);
  }
  EXPECT_LT(minutes(), 12) << "few places have one";
}

TEST_F(ProgressLineTest, ABudgetThatEndsFirstIsWhatIsLeft) {
  for (const Budget& budget : {Budget{.time_ms = 90'000}, Budget{.runs = 451}}) {
    ProgressLine progress(file_.get(), 1, std::chrono::seconds(0));
    progress.SetBudget(budget);
    progress.Begin(1000, 0);
    progress.Visited(RunWith(""));
    EXPECT_THAT(Log(), AnyOf(HasSubstr("1 min 30 s of the budget left"),
                             HasSubstr("1 min 29 s of the budget left")))
        << "of runs: 450 of 200 ms";
    std::rewind(file_.get());
    EXPECT_EQ(::ftruncate(::fileno(file_.get()), 0), 0);
  }
  ProgressLine progress(file_.get(), 1, std::chrono::seconds(0));
  progress.SetBudget({.time_ms = 3'600'000});
  progress.Begin(10, 0);
  progress.Visited(RunWith(""));
  EXPECT_THAT(Log(), AllOf(HasSubstr(" s left"), Not(HasSubstr("budget"))));
}

TEST(DurationText, IsNeverNothing) {
  EXPECT_EQ(DurationText(TimeLeft::Duration(-3)), "1 s");
  EXPECT_EQ(DurationText(TimeLeft::Duration(59.5)), "1 min 0 s");
  EXPECT_EQ(DurationText(TimeLeft::Duration(250)), "4 min 10 s");
  EXPECT_EQ(DurationText(TimeLeft::Duration(7500)), "2 h 5 min");
}

}  // namespace
}  // namespace faultline
