// Sweeps end to end, on the reference target.
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <random>

#include "harness/base/files.h"
#include "tools/testing/cli_fixture.h"

namespace faultline {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class CliSweepTest : public CliTest {
 protected:
  // The rings of a start: a few dozen plans, a fifth of a second each.
  std::vector<std::string> Sweep(const std::string& store, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"sweep",    Scenario("reference/start.yaml"),
                                          "--store",  Store(store),
                                          "--jobs",   "2",
                                          "--json",   ReportPath(),
                                          "--groups", "dpdk/ring"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::string Store(const std::string& name) const { return directory_ / name; }
  static std::vector<std::string> WithDefect(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--set", "defect=unregister-missing"});
    return more;
  }
};

TEST_F(CliSweepTest, TheCleanTargetHasNoFindings) {
  const Result result = Run(Sweep("s.db"));
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("no findings"));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

TEST_F(CliSweepTest, FindsAPlantedDefectWithoutBeingToldWhereAndGoesOnFromTheStore) {
  const Result first = Run(Sweep("s.db", WithDefect()));
  EXPECT_EQ(first.exit, 1) << first.output;
  const nlohmann::json report = Report();
  ASSERT_THAT(Kinds(report), Contains("io-device-missing")) << first.output;
  EXPECT_EQ(report["remaining"], 0);

  const std::string baseline = directory_ / "known.yaml";
  const Result again = Run(Sweep("s.db", WithDefect({"--write-baseline", baseline})));
  EXPECT_EQ(again.exit, 1) << again.output;
  EXPECT_EQ(Report()["runs"], 0);
  EXPECT_EQ(Report()["findings"], report["findings"]);

  const Result known = Run(Sweep("s.db", WithDefect({"--baseline", baseline})));
  EXPECT_EQ(known.exit, 0) << known.output;
  EXPECT_EQ(Run({"lint", baseline}).exit, 2) << "not in a directory of baselines";

  const std::string id = report["findings"][0]["id"];
  const Result replay = Run({"replay", Store("s.db"), id.substr(0, 6)});
  EXPECT_EQ(replay.exit, 1) << replay.output;
  const std::string file = directory_ / "bug.yaml";
  EXPECT_EQ(Run({"replay", Store("s.db"), id, "--write", file}).exit, 0);
  const Result run = Run({"run", file});
  EXPECT_EQ(run.exit, 1) << run.output;
}

TEST_F(CliSweepTest, AFallbackThatFailsTooIsFoundByPairs) {
  const auto sweep = [&](const std::string& modes) {
    return Run(
        Sweep(modes + ".db", {"--groups", "dpdk/mempool", "--groups", "reference/memory", "--modes",
                              modes, "--set", "defect=fallback-failure-ignored"}));
  };
  const Result one_by_one = sweep("transient,persistent");
  EXPECT_EQ(one_by_one.exit, 0) << one_by_one.output;
  const Result pairs = sweep("transient,pair");
  EXPECT_EQ(pairs.exit, 1) << pairs.output;
  ASSERT_THAT(Kinds(Report()), testing::ElementsAre("crash"));
  const nlohmann::json finding = Report()["findings"][0];
  EXPECT_THAT(finding["plan"].get<std::string>(), testing::StartsWith("pair "));
  EXPECT_EQ(finding["confirmed"], 3);

  const std::string id = finding["id"];
  EXPECT_EQ(Run({"replay", Store("transient,pair.db"), id}).exit, 1);
  const std::string file = directory_ / "pair.yaml";
  EXPECT_EQ(Run({"replay", Store("transient,pair.db"), id, "--write", file}).exit, 0);
  const Result replayed = Run({"run", file, "--json", ReportPath()});
  EXPECT_EQ(replayed.exit, 1) << replayed.output;
  EXPECT_EQ(Report()["findings"][0]["signature"], finding["signature"]);
  EXPECT_EQ(Run({"run", file, "--set", "defect="}).exit, 0) << "the clean target";
}

TEST_F(CliSweepTest, FourShardsMergedEqualTheWhole) {
  ASSERT_EQ(Run(Sweep("whole.db", WithDefect())).exit, 1);
  const nlohmann::json whole = Report();
  for (const char* shard : {"1/4", "2/4", "3/4", "4/4"}) {
    const std::string store = std::string("part") + shard[0] + ".db";
    EXPECT_LE(Run(Sweep(store, WithDefect({"--shard", shard}))).exit, 1);
  }
  const Result merge = Run({"merge", Store("all.db"), Store("part1.db"), Store("part2.db"),
                            Store("part3.db"), Store("part4.db")});
  EXPECT_EQ(merge.exit, 0) << merge.output;
  EXPECT_THAT(merge.output, HasSubstr("(0 in several stores)"));
  const Result compare = Run({"compare", Store("whole.db"), Store("all.db")});
  EXPECT_EQ(compare.exit, 0) << compare.output;
  EXPECT_THAT(compare.output,
              AllOf(HasSubstr("0 new, 0 changed, 0 fixed"), HasSubstr("0 not visited")));
  // The merged store is a store like any other: the sweep has nothing left to do in it.
  EXPECT_EQ(Run(Sweep("all.db", WithDefect())).exit, 1);
  EXPECT_EQ(Report()["runs"], 0);
  EXPECT_EQ(Report()["outcomes"], whole["outcomes"]);
}

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
TEST_F(CliSweepTest, AKilledSweepLosesAndDoublesNothing) {
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

TEST_F(CliSweepTest, CtrlCEndsItAndTheSameCommandGoesOn) {
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
TEST_F(CliSweepTest, ASweepThatIsEndedTellsWhatItHasSoFar) {
  TestProgram ended(Faultline(Sweep("s.db", WithDefect())), options_);
  ASSERT_TRUE(ended.AwaitOutput("\n0 of ")) << ended.output();
  StoreWatch watch(Store("s.db"));
  ASSERT_TRUE(watch.AwaitChanges(20, ended.pid()));
  ::kill(ended.pid(), SIGTERM);
  EXPECT_EQ(ended.Wait(), 128 + SIGTERM);
  const std::string plans = std::to_string(Report()["plans"].get<int>());
  EXPECT_THAT(ended.output(), AllOf(HasSubstr("census run 1: "), HasSubstr("\n0 of " + plans),
                                    HasSubstr("interrupted by SIGTERM: "),
                                    HasSubstr(" of " + plans + " plans were visited; "),
                                    HasSubstr("the same command goes on")));
  EXPECT_EQ(Report()["interrupted"], "SIGTERM");
  const int remaining = Report()["remaining"];
  EXPECT_GT(remaining, 0);
  EXPECT_EQ(Run(Sweep("s.db", WithDefect())).exit, 1);
  EXPECT_EQ(Report()["done_before"], std::stoi(plans) - remaining);
  EXPECT_FALSE(Report().contains("interrupted"));
}

TEST_F(CliSweepTest, ARunningSweepCanBeLookedAtButNotDoubled) {
  StoreWatch watch(Store("s.db"));
  TestProgram running(Faultline(Sweep("s.db")), options_);
  ASSERT_TRUE(watch.AwaitChanges(10, running.pid()));
  const Result look = Run({"compare", Store("s.db"), Store("s.db")});
  EXPECT_EQ(look.exit, 0) << look.output;
  const Result second = Run(Sweep("s.db"));
  EXPECT_EQ(second.exit, 3) << second.output;
  EXPECT_THAT(second.output, HasSubstr("is in use"));
  EXPECT_EQ(running.Wait(), 0) << running.output();
  EXPECT_THAT(running.output(), HasSubstr("no findings"));
}

TEST_F(CliSweepTest, MalformedInputIsRefusedWithAWord) {
  const std::string bad_baseline = Write("bad.yaml", "faultline: 1\nfindings: 7\n");
  const std::string no_scenario = Write("no.yaml", "faultline: 1\nsteps: 3\n");
  struct Case {
    std::vector<std::string> more;
    std::string word;
  };
  const std::vector<Case> cases = {
      {{"--budget", "soon"}, "expected a time"},
      {{"--budget", "0s"}, "expected a time"},
      {{"--budget", "-3runs"}, "--budget"},
      {{"--shard", "5/4"}, "expected I/N"},
      {{"--shard", "0/4"}, "expected I/N"},
      {{"--shard", "two"}, "expected I/N"},
      {{"--jobs", "0"}, "--jobs"},
      {{"--jobs", "many"}, "--jobs"},
      {{"--modes", "transitent"}, "did you mean `transient`"},
      {{"--points", "dpdk/rung/*"}, "no point of the catalogue matches"},
      {{"--exclude", "nothing"}, "no point of the catalogue matches"},
      {{"--groups", "dpkd"}, "no point of the catalogue matches"},
      {{"--exclude", "*"}, "leave no fault point"},
      {{"--occurrences", "0"}, "--occurrences"},
      {{"--nested", "sideways"}, "--nested"},
      {{"--changed-since", "HEAD"}, "--source"},
      {{"--changed-since", "nosuchrev", "--source", FAULTLINE_SOURCE_DIR}, "nosuchrev"},
      {{"--baseline", bad_baseline}, "bad.yaml:2"},
      {{"--baseline", "/nonexistent.yaml"}, "/nonexistent.yaml"},
      {{"--program", "/nonexistent"}, "/nonexistent"},
      {{"--set", "nosuch=1"}, "nosuch"},
  };
  for (const Case& one : cases) {
    const Result result = Run(Sweep("s.db", one.more));
    EXPECT_EQ(result.exit, 2) << testing::PrintToString(one.more) << result.output;
    EXPECT_THAT(result.output, HasSubstr(one.word));
  }
  EXPECT_EQ(Run({"sweep", no_scenario, "--store", Store("s.db")}).exit, 2);
  EXPECT_EQ(Run({"merge", Store("out.db"), Store("none.db")}).exit, 2);
  EXPECT_EQ(Run({"compare", Store("none.db"), Store("none.db")}).exit, 2);
  EXPECT_EQ(Run({"replay", Store("none.db"), "1"}).exit, 2);
}

// Overwrites a part of `content`, as "https://www.sqlite.org/fileformat.html" numbers it.
std::string Patched(std::string content, size_t at, const std::string& bytes) {
  content.replace(at, bytes.size(), bytes);
  return content;
}

TEST_F(CliSweepTest, AMalformedStoreIsRefusedWithAWordAndLeftAsItIs) {
  ASSERT_EQ(Run(Sweep("good.db", {"--budget", "1runs"})).exit, 0);
  const std::string good = *ReadFile(Store("good.db"));
  ASSERT_GT(good.size(), 16'384u);
  struct Case {
    std::string name;
    std::string content;
    std::string word;
  };
  const std::vector<Case> cases = {
      {"text", std::string(8192, 'x'), "not a Faultline store"},
      {"no-magic", Patched(good, 0, "SQLite v9"), "not a Faultline store"},
      {"other-program", Patched(good, 68, std::string("\0\0\0\7", 4)), "not one of Faultline's"},
      {"newer", Patched(good, 60, std::string("\0\0\0\x63", 4)), "version 99"},
      {"older", Patched(good, 60, std::string("\0\0\0\1", 4)), "version 1"},
      {"page-size", Patched(good, 16, "\x7f\x7f"), "not a Faultline store"},
      {"first-page-only", good.substr(0, 4096), "damaged"},
      {"half-a-page", good.substr(0, 6000), "damaged"},
      {"schema-overwritten", Patched(good, 100, std::string(3000, 'y')), "damaged"},
      {"pages-overwritten", Patched(good, 4096, std::string(good.size() - 4096, 'z')), "damaged"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    const std::string file = Write(one.name + ".db", one.content);
    for (const auto& arguments :
         {Sweep(one.name + ".db"), std::vector<std::string>{"merge", Store("out.db"), file},
          std::vector<std::string>{"compare", file, Store("good.db")},
          std::vector<std::string>{"replay", file, "1"}}) {
      const Result result = Run(arguments);
      EXPECT_EQ(result.exit, 2) << arguments.front() << ": " << result.output;
      EXPECT_THAT(result.output, AllOf(HasSubstr(one.name + ".db"), HasSubstr(one.word)));
    }
    EXPECT_EQ(*ReadFile(file), one.content);
  }
  std::filesystem::create_directory(Store("directory.db"));
  EXPECT_EQ(Run(Sweep("directory.db")).exit, 2);
  EXPECT_EQ(Run(Sweep("nowhere/s.db")).exit, 2);
  EXPECT_EQ(*ReadFile(Store("good.db")), good);
}

TEST_F(CliSweepTest, AStoreOfAnotherBuildIsRefused) {
  ASSERT_EQ(Run(Sweep("s.db", {"--budget", "1runs"})).exit, 0);
  const Result other = Run(Sweep("s.db", {"--set", "build=release"}));
  EXPECT_EQ(other.exit, 2) << other.output;
  EXPECT_THAT(other.output, HasSubstr("another store"));
}

TEST_F(CliSweepTest, ASweepWithABudgetSaysWhatRemains) {
  const Result result = Run(Sweep("s.db", {"--budget", "2runs"}));
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("plans remain: the same command goes on"));
}

TEST_F(CliSweepTest, WithACoverageBuildItSaysWhichLinesOnlyFailuresReach) {
  if (!std::filesystem::exists(FAULTLINE_BINARY_DIR "/reference-target-coverage")) {
    GTEST_SKIP() << "the targets were not built by GCC";
  }
  const std::vector<std::string> options = {"--set", "build=coverage", "--coverage",
                                            directory_ / "lines"};
  const Result result = Run(Sweep("s.db", options));
  EXPECT_EQ(result.exit, 0) << result.output;
  const nlohmann::json lines = Report()["lines"];
  EXPECT_GT(lines["executable"], 1000);
  // A ring of iobuf cannot be made: its function runs in every start, this way out only here.
  // here.
  EXPECT_THAT(lines["only_swept"].get<std::vector<std::string>>(),
              Contains(testing::ContainsRegex("fixtures/reference/iobuf.cc:[0-9-]+ ")));
  EXPECT_FALSE(lines["never"].empty());
  // Again: nothing runs, and the store has kept them.
  EXPECT_EQ(Run(Sweep("s.db", options)).exit, 0);
  EXPECT_EQ(Report()["lines"], lines);
}

}  // namespace
}  // namespace faultline
