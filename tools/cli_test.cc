// The command line end to end: the built `faultline` on real targets.
#include <gmock/gmock.h>
#include <unistd.h>

#include "tools/testing/cli_fixture.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr uid_t kNobody = 65534;

TEST_F(CliTest, NamesTheNearestSubCommandAndOption) {
  const Result command = Run({"rnu", "x.yaml"});
  EXPECT_EQ(command.exit, 2);
  EXPECT_THAT(command.output,
              AllOf(HasSubstr("unknown command `rnu`: expected run, init, list, points"),
                    HasSubstr("did you mean `run`?")));
  EXPECT_THAT(Run({"--no-color", "--data", "run", "rnu"}).output,
              HasSubstr("unknown command `rnu`"));
  EXPECT_THAT(Run({}).output, HasSubstr("no command is given: expected run, init, list, points"));
  const Result option = Run({"run", "x.yaml", "--profle", "reference"});
  EXPECT_EQ(option.exit, 2);
  EXPECT_THAT(option.output, HasSubstr("did you mean `--profile`?"));
}

TEST_F(CliTest, HelpOfEveryCommandHasExamples) {
  for (const char* command : {"run", "points", "lint", "doctor"}) {
    const Result result = Run({command, "--help"});
    EXPECT_EQ(result.exit, 0) << command;
    EXPECT_THAT(result.output, HasSubstr(std::string("  faultline ") + command));
  }
}

TEST_F(CliTest, SaysWhereAScenarioIsWrong) {
  const std::string file = Write("bad.yaml",
                                 "faultline: 1\n"
                                 "summary: wrong\n"
                                 "profile: reference\n"
                                 "steps:\n"
                                 "  - wait_redy\n");
  const Result result = Run({"run", file});
  EXPECT_EQ(result.exit, 2);
  EXPECT_THAT(result.output, AllOf(HasSubstr(file + ":5:5: "), HasSubstr("`wait_ready`")));
}

TEST_F(CliTest, LintSaysEverythingAndRunsNothing) {
  const std::string touched = directory_ / "touched";
  const std::string file = Write("bad.yaml",
                                 "faultline: 1\n"
                                 "summary: wrong\n"
                                 "profile: reference\n"
                                 "prepare:\n"
                                 "  - run: [touch, " +
                                     touched +
                                     "]\n"
                                     "steps:\n"
                                     "  - wait_redy\n"
                                     "  - sginal: SIGTERM\n");
  const Result result = Run({"lint", file});
  EXPECT_EQ(result.exit, 2);
  EXPECT_THAT(result.output, AllOf(HasSubstr(":7:5: "), HasSubstr(":8:5: ")));
  EXPECT_FALSE(fs::exists(touched));
}

TEST_F(CliTest, LintAcceptsAllShippedData) {
  const Result result = Run({"lint", Scenario("")});
  EXPECT_EQ(result.exit, 0) << result.output;
}

TEST_F(CliTest, NamesTheDebianPackageOfAMissingProgram) {
  Write("data/profiles/toy.yaml",
        "faultline: 1\n"
        "summary: a program that nobody has\n"
        "program: no-such-target\n"
        "package: no-such-package\n"
        "ready: started\n"
        "catalogues: []\n");
  fs::create_directories(directory_ / "data" / "catalogue");
  const std::string file = Write("data/toy.yaml",
                                 "faultline: 1\n"
                                 "summary: never starts\n"
                                 "profile: toy\n"
                                 "steps: [wait_ready]\n");
  const Result result = Run({"run", file, "--data", directory_ / "data"});
  EXPECT_EQ(result.exit, 3);
  EXPECT_THAT(result.output, HasSubstr("apt-get install no-such-package"));
}

TEST_F(CliTest, AProgramThatTheUserNamesWronglyIsTheUsersMistake) {
  const Result result = Run({"run", Scenario("reference/start.yaml"), "--program", "/no/such"});
  EXPECT_EQ(result.exit, 2);
  EXPECT_THAT(result.output, HasSubstr("/no/such"));
}

// It ends as the scenario asks: only the silence of the agent tells that nothing
// was watched.
TEST_F(CliTest, ATargetThatCannotBeWatchedIsNotJudged) {
  const std::string file = Write("unwatched.yaml",
                                 "faultline: 1\n"
                                 "summary: ends\n"
                                 "profile: reference\n"
                                 "steps: [wait_exit]\n");
  const Result result = Run({"run", file, "--program", FAULTLINE_STATIC_PROGRAM});
  EXPECT_EQ(result.exit, 3) << result.output;
  EXPECT_THAT(result.output, HasSubstr("it is fully static"));
}

// The file lies where a variable says, and the agent knows but its path.
TEST_F(CliTest, ALockFileThatAnotherProcessHoldsRightlyStays) {
  fs::create_directories(directory_ / "data" / "profiles");
  fs::create_directory_symlink(Scenario("catalogue"), directory_ / "data" / "catalogue");
  Write("data/profiles/locker.yaml",
        "faultline: 1\n"
        "summary: takes its lock and removes the file when it ends\n"
        "program: perl\n"
        "args: [-e, '$$SIG{TERM} = sub { exit 0 }; $$| = 1; open(F, q(>), $$ARGV[0]);\n"
        "       flock(F, 6) or exit 1; unlink $$ARGV[0]; print qq(ready\\n); sleep 1 while 1',\n"
        "       '${rpc_socket}.lock']\n"
        "ready: {log: '^ready'}\n"
        "catalogues: [libc-file]\n");
  const std::string file = Write("data/locked.yaml",
                                 "faultline: 1\n"
                                 "summary: another has the lock\n"
                                 "profile: locker\n"
                                 "faults: [{point: libc/file/flock}]\n"
                                 "steps: [wait_ready]\n");
  const Result result = Run({"run", file, "--data", directory_ / "data"});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("clean error"));
}

TEST_F(CliTest, ADirectoryInThePlaceOfTestpmdsSocketIsOneCrash) {
  const Result result = Run({"run", Scenario("dpdk/mp-socket-taken.yaml"), "--json", ReportPath()});
  EXPECT_EQ(result.exit, 0) << "the scenario knows it, and the suite passes: " << result.output;
  EXPECT_THAT(Kinds(Report()), ElementsAre("crash"));
  EXPECT_THAT(result.output, AllOf(HasSubstr("SIGSEGV"), HasSubstr("rte_eal_cleanup")));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

TEST_F(CliTest, TestpmdGivesUpCleanlyWhenItsMempoolFails) {
  const Result result = Run({"run", Scenario("dpdk/mempool-create-fails.yaml")});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("clean error"));
}

TEST_F(CliTest, AnErrorThatTheScenarioAsksForIsNoGivingUp) {
  const Result result = Run({"run", Scenario("reference/start-again.yaml")});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("pass"));
  EXPECT_THAT(result.output, Not(HasSubstr("clean error")));
}

TEST_F(CliTest, TheFaultFreeLifeOfAScenarioPasses) {
  const Result result = Run({"run", Scenario("reference/founding-case-injected.yaml"), "--set",
                             "defect=unregister-missing", "--no-faults"});
  EXPECT_EQ(result.exit, 0) << result.output;
}

TEST_F(CliTest, KeepsTheRunDirectoryWhenAsked) {
  const Result result = Run({"run", Scenario("reference/start.yaml"), "--keep"});
  EXPECT_EQ(result.exit, 0) << result.output;
  ASSERT_EQ(LeftBehind().size(), 1u);
  EXPECT_THAT(result.output, HasSubstr("kept: " + LeftBehind().front()));
}

TEST_F(CliTest, PointsSaysWhatAProgramHas) {
  const Result result = Run({"points", "--profile", "reference", "--json", ReportPath()});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(result.output, AllOf(HasSubstr("rte_mempool_create"), HasSubstr(" found")));
  EXPECT_FALSE(Report().at("points").empty());
}

TEST_F(CliTest, DoctorChangesNothingAndNamesEveryCheck) {
  const Result result = Run({"doctor", "--json", ReportPath(), "--program",
                             FAULTLINE_BINARY_DIR "/reference-target-debug"});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("hugepages"), HasSubstr("ptrace"), HasSubstr("symbols")));
  EXPECT_GT(Report().at("checks").size(), 8u);
}

TEST_F(CliTest, WorksWithoutRoot) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "all the other tests show it: this user is not root";
  }
  options_.user = kNobody;
  fs::permissions(directory_,
                  fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  ASSERT_EQ(::chown((directory_ / "tmp").c_str(), kNobody, kNobody), 0);
  constexpr int kCannotBeStarted = 126;
  if (Run({"--help"}).exit == kCannotBeStarted) {
    GTEST_SKIP() << "the build lies in a directory that only root may enter";
  }
  const Result result = Run({"run", Scenario("reference/founding-case-injected.yaml"), "--set",
                             "defect=unregister-missing"});
  EXPECT_EQ(result.exit, 1) << result.output;
  EXPECT_THAT(result.output, HasSubstr("io-device-missing"));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

}  // namespace
}  // namespace faultline
