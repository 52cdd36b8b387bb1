// Commands that read the store of a sweep, and those that only say what a sweep would do.
#include <gmock/gmock.h>

#include "harness/base/files.h"
#include "tools/testing/cli_sweep_fixture.h"

namespace faultline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CliStoreTest : public CliSweepTest {
 protected:
  // A sweep with one finding.
  void SweepOnce() {
    ASSERT_EQ(Run(Sweep("s.db", WithDefect())).exit, 1);
    id_ = Report()["findings"][0]["id"];
  }

  std::string id_;
};

TEST_F(CliStoreTest, AStoreIsListedShownAndExplainedWithoutRunningAnything) {
  SweepOnce();
  const Result findings = Run({"findings", Store("s.db")});
  EXPECT_EQ(findings.exit, 1) << "one of them fails a sweep";
  EXPECT_THAT(findings.output, AllOf(HasSubstr(id_ + "  io-device-missing  confirmed"),
                                     HasSubstr("1 of 1 findings")));

  const Result show = Run({"show", Store("s.db"), id_.substr(0, 4)});
  EXPECT_EQ(show.exit, 0) << show.output;
  EXPECT_THAT(show.output,
              AllOf(HasSubstr("What was injected\n  dpdk/ring/create in MakeRing"),
                    HasSubstr("What the target said"), HasSubstr("came again in 3 of 3 runs"),
                    HasSubstr("Where a failure shows it (2 places)"), HasSubstr("Reproducer\n"),
                    HasSubstr("faultline replay " + Store("s.db"))));

  // The story names the places; one of them is explained by its number.
  const size_t places = show.output.find("Where a failure shows it");
  const std::string site = show.output.substr(show.output.find("\n  ", places) + 3, 16);
  const Result explain = Run({"explain", Store("s.db"), site});
  EXPECT_EQ(explain.exit, 0) << explain.output;
  EXPECT_THAT(explain.output, AllOf(HasSubstr(site + " dpdk/ring/create: finding"),
                                    HasSubstr("an oracle found a broken promise"),
                                    HasSubstr(id_ + " io-device-missing")));
}

TEST_F(CliStoreTest, FindingsAreFilteredByKindStatusModuleAndWhatIsKnown) {
  SweepOnce();
  const std::string store = Store("s.db");
  const auto lists = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"findings", store};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Result result = Run(arguments);
    EXPECT_EQ(result.exit, result.output.find(id_) == std::string::npos ? 0 : 1) << result.output;
    return result.output.find(id_) != std::string::npos;
  };
  EXPECT_TRUE(lists({"--kind", "io-device-missing"}));
  EXPECT_FALSE(lists({"--kind", "leak"}));
  EXPECT_TRUE(lists({"--status", "confirmed"}));
  EXPECT_FALSE(lists({"--status", "not-tried"}));
  EXPECT_TRUE(lists({"--module", "reference-target*"}));
  EXPECT_FALSE(lists({"--module", "librte_*"}));
  EXPECT_TRUE(lists({"--point", "dpdk/*"}));
  EXPECT_FALSE(lists({"--point", "libc/*"}));

  const std::string baseline = directory_ / "known.yaml";
  ASSERT_LE(Run(Sweep("s.db", WithDefect({"--write-baseline", baseline}))).exit, 1);
  EXPECT_FALSE(lists({"--new", "--baseline", baseline}));
  EXPECT_THAT(Run({"findings", store, "--baseline", baseline}).output, HasSubstr("known"));
}

TEST_F(CliStoreTest, WhatIsNotThereIsRefusedWithAWord) {
  SweepOnce();
  const std::string store = Store("s.db");
  std::filesystem::create_directories(directory_ / "data/baselines");
  Write("data/baselines/known.yaml", "faultline: 1\nfindings: []\n");
  options_.environment["FAULTLINE_DATA"] = directory_ / "data";
  struct Case {
    std::vector<std::string> arguments;
    std::string word;
  };
  const std::vector<Case> cases = {
      {{"findings", store, "--kind", "leek"}, "did you mean `leak`"},
      {{"findings", store, "--status", "confirmd"}, "did you mean `confirmed`"},
      {{"findings", store, "--new"}, "expected --baseline"},
      {{"findings", directory_ / "no.db"}, "no.db"},
      {{"show", store, "ffffffff"}, "has no finding `ffffffff`"},
      {{"show", store, ""}, "the value is empty"},
      {{"explain", store, "nosuchfunction"}, "none of the"},
      {{"explain", store, "dpdk/rung/create"}, "did you mean `dpdk/ring/create`"},
      {{"explain", store, "dpdk/ring/create"}, " places:\n"},
      {{"findings", store, "--point", "dpdk/ring/creat"}, "did you mean `dpdk/ring/create`"},
      {{"findings", store, "--module", "reference-target-debugg"},
       "did you mean `reference-target-debug`"},
      {{"words", "findings"}, "expected a store"},
      {{"words", "finding", store}, "did you mean `findings`"},
      {{"sweep", Scenario("reference/start.yaml")}, "--store is required"},
      {{"report", store}, "expected --html FILE or --report"},
      {{"report", store, "--report", "junti=x"}, "did you mean `junit`"},
      {{"sweep", Scenario("reference/start.yaml"), "--store", store, "--source", "/"},
       "--source is for"},
      {{"sweep", Scenario("reference/start.yaml"), "--store", store, "--dry-run", "--report",
        "json=x"},
       "--dry-run finds nothing"},
      {{"sweep", Scenario("reference/start.yaml"), "--store", store, "--json", "-", "--report",
        "junit=-"},
       "both go to standard output"},
      {{"findings", store, "--baseline", "knwon"}, "did you mean `known`"},
      {{"findings", store, "--json", directory_ / "none/x"}, "there is no directory"},
  };
  for (const Case& one : cases) {
    const Result result = Run(one.arguments);
    EXPECT_EQ(result.exit, 2) << result.output;
    EXPECT_THAT(result.output, HasSubstr(one.word));
  }
}

// As of sweep: beside the scenario, in --data, in $FAULTLINE_DATA, or shipped.
TEST_F(CliStoreTest, EveryCommandThatReadsAStoreTakesABaselineByItsName) {
  SweepOnce();
  const std::string store = Store("s.db");
  std::filesystem::create_directories(directory_ / "data/baselines");
  ASSERT_LE(
      Run(Sweep("s.db", WithDefect({"--write-baseline", directory_ / "data/baselines/mine.yaml"})))
          .exit,
      1);
  const std::vector<std::string> by_name = {"--baseline", "mine", "--data", directory_ / "data"};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), by_name.begin(), by_name.end());
    return Run(arguments);
  };
  const Result findings = run({"findings", store, "--new", "--json", "-"});
  EXPECT_EQ(findings.exit, 0) << findings.output;
  EXPECT_THAT(findings.output, HasSubstr("\"fails\": false"));
  EXPECT_THAT(run({"findings", store}).output, HasSubstr(id_ + "  io-device-missing  known"));
  EXPECT_THAT(run({"show", store, id_}).output, HasSubstr("known"));
  EXPECT_THAT(run({"explain", store, "dpdk/ring/create"}).output, HasSubstr(" places:\n"));
  const std::string report = directory_ / "r.json";
  EXPECT_EQ(run({"report", store, "--report", "json=" + report}).exit, 0);
  const auto json = nlohmann::json::parse(*ReadFile(report));
  EXPECT_TRUE(json["findings"][0]["known"]);
}

TEST_F(CliStoreTest, ADryRunSaysWhatWouldBeVisitedAndLeavesTheStoreAsItIs) {
  std::vector<std::string> dry = {"sweep",    Scenario("reference/start.yaml"),
                                  "--store",  Store("s.db"),
                                  "--groups", "dpdk/ring",
                                  "--jobs",   "2",
                                  "--set",    "defect=unregister-missing",
                                  "--dry-run"};
  const Result before = Run(dry);
  EXPECT_EQ(before.exit, 0) << before.output;
  EXPECT_THAT(before.output,
              AllOf(HasSubstr("dpdk/ring/create"), HasSubstr("would visit "), HasSubstr("about ")));
  EXPECT_FALSE(std::filesystem::exists(Store("s.db")));
  const Result without_store = Run({"sweep", Scenario("reference/start.yaml"), "--points",
                                    "dpdk/ring/create", "--jobs", "2", "--dry-run"});
  EXPECT_EQ(without_store.exit, 0) << without_store.output;
  EXPECT_THAT(without_store.output, HasSubstr("would visit "));

  SweepOnce();
  const std::optional<std::string> store = ReadFile(Store("s.db"));
  const Result after = Run(dry);
  EXPECT_EQ(after.exit, 0) << after.output;
  EXPECT_THAT(after.output, AllOf(HasSubstr("nothing is left to visit"), Not(HasSubstr("census"))));
  EXPECT_EQ(ReadFile(Store("s.db")), store);
}

}  // namespace
}  // namespace faultline
