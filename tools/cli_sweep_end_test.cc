// What is left of a sweep that was ended before its time, and what others see of one that goes on.
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <random>

#include "harness/base/files.h"
#include "harness/store/store.h"
#include "tools/testing/cli_sweep_fixture.h"

namespace faultline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using CliSweepEndTest = CliSweepTest;

// Waits for the changes of a store that a sweep is writing.
class StoreWatch {
 public:
  explicit StoreWatch(const std::filesystem::path& store)
      : log_(store.string() + "-wal"), inotify_(::inotify_init1(IN_CLOEXEC)) {
    ::inotify_add_watch(inotify_.get(), store.parent_path().c_str(), IN_CREATE);
    WatchLog();
  }

  // False when `program` ended before the store's log had changed `count` times.
  bool AwaitChanges(int count, pid_t program) {
    const UniqueFd end(static_cast<int>(::syscall(SYS_pidfd_open, program, 0)));
    while (count > 0) {
      pollfd events[] = {{inotify_.get(), POLLIN, 0}, {end.get(), POLLIN, 0}};
      if (::poll(events, 2, 60'000) <= 0 || events[1].revents != 0) {
        return false;
      }
      alignas(inotify_event) char buffer[4096];
      EXPECT_GT(::read(inotify_.get(), buffer, sizeof buffer), 0);
      count -= watched_ ? 1 : 0;
      WatchLog();
    }
    return true;
  }

 private:
  // As soon as it is there.
  void WatchLog() {
    watched_ = watched_ || ::inotify_add_watch(inotify_.get(), log_.c_str(), IN_MODIFY) >= 0;
  }

  std::filesystem::path log_;
  UniqueFd inotify_;
  bool watched_ = false;
};

// SIGKILL at random moments, which are changes of the store; then the same command once more.
// FAULTLINE_KILL_MOMENTS says how many.
TEST_F(CliSweepEndTest, AKilledSweepLosesAndDoublesNothing) {
  ASSERT_EQ(Run(Sweep("whole.db", WithDefect())).exit, 1);
  const nlohmann::json whole = Report();
  const char* wanted = ::getenv("FAULTLINE_KILL_MOMENTS");
  const int moments = wanted == nullptr ? 3 : std::stoi(wanted);
  std::mt19937 random(static_cast<unsigned>(::getpid()));
  int most = 40;  // on a busy machine several changes are seen as one
  for (int moment = 0; moment < moments;) {
    const int changes = std::uniform_int_distribution<int>(1, most)(random);
    SCOPED_TRACE("killed after " + std::to_string(changes) + " changes of the store");
    const std::string store =
        "killed" + std::to_string(moment) + "-" + std::to_string(most) + ".db";
    {
      StoreWatch watch(Store(store));
      TestProgram killed(Faultline(Sweep(store, WithDefect())), options_);
      if (watch.AwaitChanges(changes, killed.pid())) {
        ::kill(killed.pid(), SIGKILL);
        EXPECT_EQ(killed.Wait(), 128 + SIGKILL);
        ++moment;
      } else {
        ASSERT_GT(changes, 1) << "the sweep ended before it was killed";
        most = changes / 2;
      }
    }
    const Result resumed = Run(Sweep(store, WithDefect()));
    EXPECT_EQ(resumed.exit, 1) << resumed.output;
    EXPECT_EQ(Report()["outcomes"], whole["outcomes"]);
    EXPECT_EQ(Report()["plans"], whole["plans"]);
    EXPECT_EQ(Report()["findings"], whole["findings"]);
    const Result compare = Run({"compare", Store("whole.db"), Store(store)});
    EXPECT_THAT(compare.output, HasSubstr("0 new, 0 changed, 0 fixed")) << compare.output;
  }
}

TEST_F(CliSweepEndTest, WhatIsReportedOfAKilledSweepIsUnfinished) {
  {
    TestProgram killed(Faultline(Sweep("s.db")), options_);
    ASSERT_TRUE(killed.AwaitOutput("\n0 of ")) << killed.output();
    StoreWatch watch(Store("s.db"));
    while (faultline::Store(Store("s.db"), faultline::Store::Mode::kRead).RunKeys().empty()) {
      ASSERT_TRUE(watch.AwaitChanges(1, killed.pid())) << killed.output();
    }
    ::kill(killed.pid(), SIGKILL);
    ASSERT_EQ(killed.Wait(), 128 + SIGKILL);
  }
  const std::optional<SweepState> state =
      faultline::Store(Store("s.db"), faultline::Store::Mode::kRead).LastSweep();
  ASSERT_TRUE(state.has_value());
  EXPECT_FALSE(state->ended);
  const std::filesystem::path page = directory_ / "page.html";
  const std::filesystem::path markdown = directory_ / "report.md";
  const std::filesystem::path junit = directory_ / "junit.xml";
  const std::filesystem::path sarif = directory_ / "report.sarif";
  ASSERT_EQ(Run({"report", Store("s.db"), "--html", page, "--report",
                 "markdown=" + markdown.string() + ",junit=" + junit.string() +
                     ",sarif=" + sarif.string()})
                .exit,
            0);
  EXPECT_THAT(ReadFile(page).value(),
              AllOf(HasSubstr("unfinished: "), HasSubstr(" places visited")));
  EXPECT_THAT(ReadFile(page).value(), HasSubstr("\"state\":\"unfinished\""));
  EXPECT_THAT(ReadFile(markdown).value(),
              AllOf(HasSubstr("\u274c **unfinished"), Not(HasSubstr("\u2705"))));
  EXPECT_THAT(ReadFile(junit).value(), HasSubstr("<error type=\"harness\""));
  EXPECT_THAT(ReadFile(sarif).value(), HasSubstr("\"executionSuccessful\": false"));
  const auto findings = Run({"findings", Store("s.db")});
  EXPECT_THAT(findings.output, HasSubstr("unfinished: "));
  EXPECT_EQ(findings.exit, 3) << "that nothing was found yet is no good news";
  ASSERT_EQ(Run(Sweep("s.db")).exit, 0);
  EXPECT_EQ(Run({"findings", Store("s.db")}).output, "no findings\n");
}

TEST_F(CliSweepEndTest, CtrlCEndsItAndTheSameCommandGoesOn) {
  const UniqueFd watch(::inotify_init1(IN_CLOEXEC));
  ::inotify_add_watch(watch.get(), (directory_ / "tmp").c_str(), IN_CREATE);
  {
    TestProgram interrupted(Faultline(Sweep("s.db")), options_);
    pollfd event = {watch.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&event, 1, 60'000), 1) << "no run began";
    ::kill(interrupted.pid(), SIGINT);
    EXPECT_EQ(interrupted.Wait(), 128 + SIGINT) << interrupted.output();
  }
  EXPECT_THAT(LeftBehind(), IsEmpty());
  EXPECT_EQ(Run(Sweep("s.db")).exit, 0);
}

// The output is a pipe here, as in a CI job: no terminal.
TEST_F(CliSweepEndTest, ASweepThatIsEndedTellsWhatItHasSoFar) {
  TestProgram ended(Faultline(Sweep("s.db", WithDefect())), options_);
  ASSERT_TRUE(ended.AwaitOutput("\n0 of ")) << ended.output();
  StoreWatch watch(Store("s.db"));
  ASSERT_TRUE(watch.AwaitChanges(3, ended.pid()));  // several, seen late, may count as one
  // As timeout(1) does. (One that comes later is meant: it ends the sweep at once.)
  ::kill(ended.pid(), SIGTERM);
  ::kill(ended.pid(), SIGTERM);
  EXPECT_EQ(ended.Wait(), 128 + SIGTERM) << ended.output();
  const std::string plans = std::to_string(Report()["plans"].get<int>());
  EXPECT_THAT(ended.output(), AllOf(HasSubstr("census run 1: "), HasSubstr("\n0 of " + plans),
                                    HasSubstr("interrupted by SIGTERM: "),
                                    HasSubstr(" of " + plans + " plans were visited; "),
                                    HasSubstr("rerun the same command to resume")));
  EXPECT_EQ(Report()["interrupted"], "SIGTERM");
  const int remaining = Report()["remaining"];
  EXPECT_GT(remaining, 0);
  EXPECT_EQ(Run(Sweep("s.db", WithDefect())).exit, 1);
  EXPECT_EQ(Report()["done_before"], std::stoi(plans) - remaining);
  EXPECT_FALSE(Report().contains("interrupted"));
}

TEST_F(CliSweepEndTest, ARunningSweepCanBeLookedAtButNotDoubled) {
  TestProgram running(Faultline(Sweep("s.db")), options_);
  ASSERT_TRUE(running.AwaitOutput("\n0 of ")) << running.output();  // the census is stored
  const Result look = Run({"compare", Store("s.db"), Store("s.db")});
  EXPECT_EQ(look.exit, 0) << look.output;
  const Result second = Run(Sweep("s.db"));
  EXPECT_EQ(second.exit, 3) << second.output;
  EXPECT_THAT(second.output, HasSubstr("is in use"));
  EXPECT_EQ(running.Wait(), 0) << running.output();
  EXPECT_THAT(running.output(), HasSubstr("no findings"));
}

}  // namespace
}  // namespace faultline
