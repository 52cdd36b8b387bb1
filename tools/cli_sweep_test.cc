// Sweeps end to end, on the reference target.
#include <gmock/gmock.h>

#include <cstdlib>

#include "harness/base/files.h"
#include "tools/testing/cli_sweep_fixture.h"

namespace faultline {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(CliSweepTest, TheCleanTargetHasNoFindings) {
  const Result result = Run(Sweep("s.db"));
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("no findings"));
  EXPECT_EQ(Report()["objects_unseen"], false);
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

// Its start makes half a million calls; a journal that is full of them leaves leaks unseen.
TEST_F(CliSweepTest, ObjectsOfARealSpdkAreFollowedToTheirEnd) {
  if (std::getenv("FAULTLINE_SPDK_TGT") == nullptr) {
    GTEST_SKIP() << "FAULTLINE_SPDK_TGT is not set: no spdk_tgt to sweep";
  }
  const Result result =
      Run({"sweep", Scenario("spdk/start.yaml"), "--store", Store("spdk.db"), "--groups", "dpdk",
           "--groups", "spdk", "--budget", "1runs", "--json", ReportPath()});
  EXPECT_NE(result.exit, 2) << result.output;
  EXPECT_EQ(Report()["objects_unseen"], false);
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
  EXPECT_EQ(Run({"lint", baseline}).exit, 0) << "what it is says its content";

  const std::string id = report["findings"][0]["id"];
  const Result replay = Run({"replay", Store("s.db"), id.substr(0, 6)});
  EXPECT_EQ(replay.exit, 1) << replay.output;
  const std::string file = directory_ / "bug.yaml";
  EXPECT_EQ(Run({"replay", Store("s.db"), id, "--write", file}).exit, 0);
  const Result run = Run({"run", file});
  EXPECT_EQ(run.exit, 1) << run.output;
}

TEST_F(CliSweepTest, AFindingIsTriedInAnotherBuildByTheCallersOfItsCall) {
  ASSERT_EQ(Run(Sweep("s.db", WithDefect())).exit, 1);
  const std::string id = Report()["findings"][0]["id"];
  const Result other = Run(
      {"replay", Store("s.db"), id, "--program", FAULTLINE_BINARY_DIR "/reference-target-shared"});
  EXPECT_THAT(other.output, HasSubstr("the build has changed; found again by its callers: "));
  EXPECT_THAT(other.output, Not(HasSubstr("was never reached")));

  // So is the scenario that was written down, without the store.
  const std::string file = directory_ / "bug.yaml";
  EXPECT_EQ(Run({"replay", Store("s.db"), id, "--write", file}).exit, 0);
  const Result written =
      Run({"run", file, "--program", FAULTLINE_BINARY_DIR "/reference-target-shared"});
  EXPECT_EQ(written.exit, 1) << written.output;
  EXPECT_THAT(written.output, HasSubstr("the build has changed; found again by its callers: "));
  EXPECT_THAT(written.output, Not(HasSubstr("was never reached")));
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
      {{"--groups", "dpkd"}, "no point of the catalogue matches; did you mean `dpdk`?"},
      {{"--exclude", "*"}, "leave no fault point"},
      {{"--module", "typo*"}, "--module typo*: none of the "},
      {{"--module", "reference-target-debig"}, "did you mean `reference-target-debug`?"},
      {{"--caller", "ref_subsystem_ini"}, "did you mean `"},
      {{"--file", "iobuff.cc"}, "did you mean `iobuf.cc`?"},
      {{"--subsystem", "fixtures/refrence"}, "did you mean `fixtures/reference`?"},
      {{"--step", "77"}, "--step 77: no fault point is reached in it; steps with some: "},
      {{"--file", "iobuf.cc", "--step", "1"}, "select none of the "},
      {{"--modes", "pair"}, "--modes transient,pair"},
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

TEST_F(CliSweepTest, StoresOfDifferentScenariosAreNotComparedNorMerged) {
  ASSERT_EQ(Run(Sweep("s.db", {"--budget", "1runs"})).exit, 0);
  ASSERT_LE(Run({"sweep", Scenario("reference/start-again.yaml"), "--store", Store("other.db"),
                 "--groups", "dpdk/ring", "--budget", "1runs"})
                .exit,
            1);
  const Result compare = Run({"compare", Store("s.db"), Store("other.db")});
  EXPECT_EQ(compare.exit, 2) << compare.output;
  EXPECT_THAT(compare.output, HasSubstr("they cannot be compared"));
  const Result merge = Run({"merge", Store("all.db"), Store("s.db"), Store("other.db")});
  EXPECT_EQ(merge.exit, 2) << merge.output;
  EXPECT_FALSE(std::filesystem::exists(Store("all.db")));
}

// What another selection has found is not gone because this one did not look.
TEST_F(CliSweepTest, ASelectionCallsNothingGoneThatItDidNotLookAt) {
  const std::string known = Write("known.yaml",
                                  "faultline: 1\nselection: --groups dpdk/ring\nfindings:\n"
                                  "  - {kind: crash, signature: 'crash: elsewhere'}\n");
  const Result same = Run(Sweep("s.db", {"--baseline", known}));
  EXPECT_EQ(same.exit, 0) << same.output;
  EXPECT_THAT(same.output, HasSubstr("gone: crash: elsewhere"));
  const Result other = Run(Sweep("s.db", {"--baseline", known, "--module", "reference*"}));
  EXPECT_EQ(other.exit, 0) << other.output;
  EXPECT_THAT(other.output, testing::Not(HasSubstr("gone: ")));
  EXPECT_THAT(other.output, HasSubstr("1 findings of the baseline were not seen"));
}

TEST_F(CliSweepTest, ABuildWithoutCoverageIsSaid) {
  const Result result = Run(Sweep("s.db", {"--coverage", directory_ / "lines"}));
  EXPECT_EQ(result.exit, 2) << result.output;
  EXPECT_THAT(result.output, HasSubstr("the target counted no lines"));
}

TEST_F(CliSweepTest, ASweepWithABudgetSaysWhatRemains) {
  const Result result = Run(Sweep("s.db", {"--budget", "2runs"}));
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("plans remain: rerun the same command to resume"));
}

// Neither green nor red by accident.
TEST_F(CliSweepTest, WhatABudgetLeavesUntriedIsNoSuccessAndIsTriedFirstNextTime) {
  const std::vector<std::string> one = {"--caller",  "*iobuf*",  "--modes",
                                        "transient", "--budget", "1runs"};
  const Result result = Run(Sweep("s.db", WithDefect(one)));
  EXPECT_EQ(result.exit, 3) << result.output;
  EXPECT_THAT(result.output, HasSubstr("no verdict: 1 finding was not tried again"));
  EXPECT_EQ(Report()["untried"], 1);
  std::vector<std::string> three = one;
  three.back() = "3runs";
  const Result resumed = Run(Sweep("s.db", WithDefect(three)));
  EXPECT_EQ(resumed.exit, 1) << resumed.output;
  EXPECT_EQ(Report()["untried"], 0);
  EXPECT_EQ(Report()["done_before"], 1);
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
