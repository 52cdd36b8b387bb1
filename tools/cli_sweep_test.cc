// Sweeps end to end, on the reference target.
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

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
  // A few dozen plans: about half a second each.
  std::vector<std::string> Sweep(const std::string& store, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"sweep",    Scenario("reference/start.yaml"),
                                          "--store",  Store(store),
                                          "--jobs",   "2",
                                          "--json",   ReportPath(),
                                          "--groups", "dpdk/mempool"};
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

TEST_F(CliSweepTest, ShardsMergedEqualTheWhole) {
  ASSERT_EQ(Run(Sweep("whole.db", WithDefect())).exit, 1);
  const nlohmann::json whole = Report();
  for (const char* shard : {"1/2", "2/2"}) {
    const std::string store = std::string("part") + shard[0] + ".db";
    EXPECT_LE(Run(Sweep(store, WithDefect({"--shard", shard}))).exit, 1);
  }
  const Result merge = Run({"merge", Store("all.db"), Store("part1.db"), Store("part2.db")});
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

// SIGKILL between two writes of the store; then the same command once more.
TEST_F(CliSweepTest, AKilledSweepLosesAndDoublesNothing) {
  ASSERT_EQ(Run(Sweep("whole.db", WithDefect())).exit, 1);
  const nlohmann::json whole = Report();
  const UniqueFd watch(::inotify_init1(IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(watch.get(), directory_.c_str(), IN_CREATE), 0);
  {
    TestProgram killed(Faultline(Sweep("s.db", WithDefect())), options_);
    const auto await = [&] {
      alignas(inotify_event) char buffer[4096];
      pollfd event = {watch.get(), POLLIN, 0};
      ASSERT_EQ(::poll(&event, 1, 60'000), 1) << "nothing was written";
      ASSERT_GT(::read(watch.get(), buffer, sizeof buffer), 0);
    };
    while (!std::filesystem::exists(Store("s.db-wal"))) {
      await();
    }
    ::inotify_add_watch(watch.get(), Store("s.db-wal").c_str(), IN_MODIFY);
    for (int writes = 0; writes < 12; ++writes) {
      await();
    }
    ::kill(killed.pid(), SIGKILL);
    EXPECT_EQ(killed.Wait(), 128 + SIGKILL);
  }
  const Result resumed = Run(Sweep("s.db", WithDefect()));
  EXPECT_EQ(resumed.exit, 1) << resumed.output;
  EXPECT_EQ(Report()["outcomes"], whole["outcomes"]);
  EXPECT_EQ(Report()["plans"], whole["plans"]);
  const Result compare = Run({"compare", Store("whole.db"), Store("s.db")});
  EXPECT_THAT(compare.output, HasSubstr("0 new, 0 changed, 0 fixed")) << compare.output;
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

TEST_F(CliSweepTest, MalformedInputIsRefusedWithAWord) {
  const std::string text_file = Write("text.db", std::string(4096, 'x'));
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
  EXPECT_EQ(Run(Sweep("text.db")).exit, 2);
  EXPECT_EQ(ReadFile(text_file)->size(), 4096u) << "a file that is no store was touched";
  EXPECT_EQ(Run({"sweep", no_scenario, "--store", Store("s.db")}).exit, 2);
  EXPECT_EQ(Run({"merge", Store("out.db"), Store("none.db")}).exit, 2);
  EXPECT_EQ(Run({"compare", text_file, text_file}).exit, 2);
  EXPECT_EQ(Run({"replay", Store("none.db"), "1"}).exit, 2);
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

}  // namespace
}  // namespace faultline
