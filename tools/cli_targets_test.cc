// Sweeps of one of several targets, and of a later life, on the reference target.
#include <gmock/gmock.h>

#include "harness/base/files.h"
#include "tools/testing/cli_sweep_fixture.h"

namespace faultline {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

class CliTargetsTest : public CliSweepTest {
 protected:
  // A clean first target and a second one with a defect that a ring brings about.
  std::string TwoTargets() {
    return Write("two.yaml",
                 "faultline: 1\n"
                 "targets:\n"
                 "  first: {profile: reference}\n"
                 "  second: {profile: reference, extra_args: [--wait-for-rpc, --defect, "
                 "unregister-missing]}\n"
                 "steps:\n"
                 "  - wait_ready\n"
                 "  - {wait_ready: , target: second}\n"
                 "  - {rpc: framework_start_init, target: second}\n"
                 "  - rpc: spdk_get_version\n");
  }
  std::string TwoLives() {
    return Write("lives.yaml",
                 "faultline: 1\n"
                 "profile: reference\n"
                 "extra_args: [--wait-for-rpc, --defect, unregister-missing]\n"
                 "steps:\n"
                 "  - wait_ready\n"
                 "  - rpc: framework_start_init\n"
                 "  - restart\n"
                 "  - wait_ready\n"
                 "  - rpc: framework_start_init\n");
  }
  Result SweepRings(const std::string& scenario, std::vector<std::string> more) {
    std::vector<std::string> arguments = {"sweep",         scenario,    "--store", Store("s.db"),
                                          "--jobs",        "2",         "--json",  ReportPath(),
                                          "--groups",      "dpdk/ring", "--modes", "transient",
                                          "--occurrences", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }
  // The one finding is replayed, and run from a file of its own that has all of `lines`.
  void ExpectReplayed(const std::vector<std::string>& lines) {
    const nlohmann::json report = Report();
    ASSERT_EQ(report["findings"].size(), 1u) << report.dump(1);
    const std::string id = report["findings"][0]["id"];
    EXPECT_EQ(Run({"replay", Store("s.db"), id}).exit, 1);
    const std::string file = directory_ / "bug.yaml";
    ASSERT_EQ(Run({"replay", Store("s.db"), id, "--write", file}).exit, 0);
    const std::string text = ReadFile(file).value_or("");
    for (const std::string& line : lines) {
      EXPECT_THAT(text, HasSubstr(line));
    }
    const Result run = Run({"run", file});
    EXPECT_EQ(run.exit, 1) << run.output;
  }
};

TEST_F(CliTargetsTest, TheChosenTargetIsSweptAndItsFindingReplayed) {
  const Result result = SweepRings(TwoTargets(), {"--target", "second"});
  EXPECT_EQ(result.exit, 1) << result.output;
  EXPECT_THAT(Kinds(Report()), Contains("io-device-missing"));
  EXPECT_THAT(Report()["findings"][0]["title"].get<std::string>(), StartsWith("second: "));
  ExpectReplayed({"subject: second", "    target: second\n"});
}

// The second of two primaries starts twice: beside the first, where it gives up, and in its place.
TEST_F(CliTargetsTest, OfTwoPrimariesOnOnePrefixTheSecondIsSweptInBothItsLives) {
  const std::string scenario = Write("primaries.yaml",
                                     "faultline: 1\n"
                                     "tolerance: may_fail_cleanly\n"
                                     "targets:\n"
                                     "  first: {profile: pair}\n"
                                     "  second:\n"
                                     "    profile: pair\n"
                                     "    variables: {defect: unchecked}\n"
                                     "    shares: {run_dir: first, file_prefix: first}\n"
                                     "steps:\n"
                                     "  - wait_ready\n"
                                     "  - start: second\n"
                                     "  - {wait_exit: 1, target: second}\n"
                                     "  - signal: SIGTERM\n"
                                     "  - wait_exit: 0\n"
                                     "  - start: second\n"
                                     "  - {wait_ready: , target: second}\n");
  const Result result = Run({"sweep", scenario, "--target", "second", "--store", Store("s.db"),
                             "--jobs", "2", "--json", ReportPath(), "--points", "dpdk/malloc/*",
                             "--caller", "MakeTable", "--modes", "transient"});
  EXPECT_EQ(result.exit, 1) << result.output;
  ASSERT_EQ(Kinds(Report()), std::vector<std::string>{"crash"}) << result.output;
  EXPECT_THAT(Report()["findings"][0]["title"].get<std::string>(),
              AllOf(StartsWith("second: "), HasSubstr("in MakeTable")));
  ExpectReplayed({"subject: second", "    target: second\n"});
}

TEST_F(CliTargetsTest, OfTheOtherTargetNothingIsFound) {
  const Result result = SweepRings(TwoTargets(), {});
  EXPECT_EQ(result.exit, 0) << result.output;
}

TEST_F(CliTargetsTest, ALaterLifeIsSweptAndItsFindingReplayedThere) {
  const Result result = SweepRings(TwoLives(), {"--life", "2"});
  EXPECT_EQ(result.exit, 1) << result.output;
  ExpectReplayed({"    life: 2\n", "- restart: ~\n"});
}

TEST_F(CliTargetsTest, MistakesInTheChoiceAreTold) {
  const auto told = [](const Result& result) {
    EXPECT_EQ(result.exit, 2) << result.output;
    return result.output;
  };
  EXPECT_THAT(told(SweepRings(TwoTargets(), {"--target", "secnd"})),
              HasSubstr("--target secnd: there is no such target; did you mean `second`?"));
  EXPECT_THAT(told(SweepRings(TwoLives(), {"--target", "second"})),
              HasSubstr("--target second: the scenario has no `targets`"));
  EXPECT_THAT(told(SweepRings(TwoTargets(), {"--profile", "lives"})),
              HasSubstr("names a profile for each of its `targets`"));
  EXPECT_THAT(told(SweepRings(TwoLives(), {"--life", "3"})),
              HasSubstr("--life 3: the scenario starts the target 2 times"));
}

}  // namespace
}  // namespace faultline
