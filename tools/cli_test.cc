// The command line end to end: the built `faultline` on real targets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/files.h"
#include "tools/testing/run_program.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uid_t kNobody = 65534;

struct Result {
  int exit = -1;
  std::string output;
};

class CliTest : public testing::Test {
 protected:
  CliTest() {
    // In /tmp and not in TempDir(): Unix sockets lie below it, and their paths are short.
    std::string name = "/tmp/faultline-cli-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    fs::create_directory(directory_ / "tmp");
    options_.environment = {{"TMPDIR", (directory_ / "tmp").string()},
                            {"XDG_CACHE_HOME", (directory_ / "cache").string()}};
  }
  ~CliTest() override { fs::remove_all(directory_); }

  static std::vector<std::string> Faultline(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), FAULTLINE_BINARY_DIR "/faultline");
    return arguments;
  }
  Result Run(std::vector<std::string> arguments) {
    TestProgram program(Faultline(std::move(arguments)), options_);
    Result result;
    result.exit = program.Wait();
    result.output = program.output();
    return result;
  }
  static std::string Scenario(const std::string& name) {
    return FAULTLINE_SOURCE_DIR "/scenarios/" + name;
  }
  std::string Write(const std::string& name, const std::string& content) {
    fs::create_directories((directory_ / name).parent_path());
    std::ofstream(directory_ / name) << content;
    return directory_ / name;
  }
  // What runs left in their temporary directory.
  std::vector<std::string> LeftBehind() const {
    std::vector<std::string> left;
    for (const auto& entry : fs::directory_iterator(directory_ / "tmp")) {
      left.push_back(entry.path());
    }
    return left;
  }
  nlohmann::json Report() const {
    return nlohmann::json::parse(ReadFile(directory_ / "report.json").value_or("null"));
  }
  std::string ReportPath() const { return directory_ / "report.json"; }
  static std::vector<std::string> Kinds(const nlohmann::json& report) {
    std::vector<std::string> kinds;
    for (const nlohmann::json& finding : report.at("findings")) {
      kinds.push_back(finding.at("kind"));
    }
    return kinds;
  }

  fs::path directory_;
  TestProgram::Options options_;
};

TEST_F(CliTest, NamesTheNearestSubCommandAndOption) {
  const Result command = Run({"rnu", "x.yaml"});
  EXPECT_EQ(command.exit, 2);
  EXPECT_THAT(command.output, HasSubstr("did you mean `run`?"));
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

TEST_F(CliTest, ADirectoryInThePlaceOfTestpmdsSocketIsOneCrash) {
  const Result result = Run({"run", Scenario("dpdk/mp-socket-taken.yaml"), "--json", ReportPath()});
  EXPECT_EQ(result.exit, 1) << result.output;
  EXPECT_THAT(Kinds(Report()), ElementsAre("crash"));
  EXPECT_THAT(result.output, AllOf(HasSubstr("SIGSEGV"), HasSubstr("rte_eal_cleanup")));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

TEST_F(CliTest, TestpmdGivesUpCleanlyWhenItsMempoolFails) {
  const Result result = Run({"run", Scenario("dpdk/mempool-create-fails.yaml")});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("clean error"));
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
  const Result result = Run({"run", Scenario("reference/founding-case-injected.yaml"), "--set",
                             "defect=unregister-missing"});
  EXPECT_EQ(result.exit, 1) << result.output;
  EXPECT_THAT(result.output, HasSubstr("io-device-missing"));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

// A scenario that tells the pid of its running target and then waits for nothing.
class CliEndTest : public CliTest {
 protected:
  CliEndTest() {
    watch_ = UniqueFd(::inotify_init1(IN_CLOEXEC));
    ::inotify_add_watch(watch_.get(), directory_.c_str(), IN_MOVED_TO);
    ::inotify_add_watch(watch_.get(), (directory_ / "tmp").c_str(), IN_DELETE);
    const std::string pid_file = directory_ / "pid";
    scenario_ = Write("waits.yaml",
                      "faultline: 1\n"
                      "summary: runs until somebody ends it\n"
                      "profile: reference\n"
                      "steps:\n"
                      "  - wait_ready\n"
                      "  - run: [sh, -c, 'echo ${pid} > " +
                          pid_file + ".new && mv " + pid_file + ".new " + pid_file +
                          "']\n"
                          "  - wait_exit:\n"
                          "    within: 10m\n");
  }

  // Blocks until something appears in directory_ or vanishes from its tmp.
  void AwaitEvent() {
    alignas(inotify_event) char buffer[4096];
    ASSERT_GT(::read(watch_.get(), buffer, sizeof buffer), 0);
  }
  pid_t TargetPid() {
    AwaitEvent();
    pid_t pid = 0;
    std::ifstream(directory_ / "pid") >> pid;
    return pid;
  }
  static void AwaitEndOf(int pidfd) {
    pollfd event = {pidfd, POLLIN, 0};
    EXPECT_EQ(::poll(&event, 1, 20'000), 1) << "the target is still there";
  }

  UniqueFd watch_;
  std::string scenario_;
};

TEST_F(CliEndTest, KilledInTheMiddleOfARunLeavesNothing) {
  TestProgram program(Faultline({"run", scenario_}), options_);
  const pid_t target = TargetPid();
  ASSERT_GT(target, 0);
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, target, 0)));
  ASSERT_TRUE(pidfd);
  ::kill(program.pid(), SIGKILL);
  EXPECT_EQ(program.Wait(), 128 + SIGKILL);
  AwaitEndOf(pidfd.get());
  while (!LeftBehind().empty()) {
    AwaitEvent();  // the guardian is at work
  }
}

TEST_F(CliEndTest, InterruptedByTheUserLeavesNothing) {
  TestProgram program(Faultline({"run", scenario_}), options_);
  const pid_t target = TargetPid();
  ASSERT_GT(target, 0);
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, target, 0)));
  ASSERT_TRUE(pidfd);
  ::kill(program.pid(), SIGINT);
  EXPECT_EQ(program.Wait(), 130) << program.output();
  AwaitEndOf(pidfd.get());
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

// The founding case in every build of the reference target, natural and injected.
struct FoundingCase {
  std::string scenario;
  std::string build;
};

class FoundingCaseTest : public CliTest, public testing::WithParamInterface<FoundingCase> {};

TEST_P(FoundingCaseTest, PassesOnTheCleanTarget) {
  const Result result = Run({"run", Scenario(GetParam().scenario), "--set",
                             "build=" + GetParam().build, "--json", ReportPath()});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(Kinds(Report()), IsEmpty());
  EXPECT_EQ(Report().at("state"), "finished");
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

TEST_P(FoundingCaseTest, FindsTheMissingDeviceAndNothingElseInTheDefectiveOne) {
  const Result result =
      Run({"run", Scenario(GetParam().scenario), "--set", "build=" + GetParam().build, "--set",
           "defect=unregister-missing", "--json", ReportPath()});
  EXPECT_EQ(result.exit, 1) << result.output;
  EXPECT_THAT(Kinds(Report()), ElementsAre("io-device-missing"));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Reference, FoundingCaseTest,
    testing::Values(FoundingCase{"reference/founding-case.yaml", "debug"},
                    FoundingCase{"reference/founding-case.yaml", "release"},
                    FoundingCase{"reference/founding-case.yaml", "shared"},
                    FoundingCase{"reference/founding-case-injected.yaml", "debug"},
                    FoundingCase{"reference/founding-case-injected.yaml", "release"},
                    FoundingCase{"reference/founding-case-injected.yaml", "shared"}),
    [](const auto& param) {
      const bool injected = param.param.scenario.find("injected") != std::string::npos;
      return std::string(injected ? "Injected_" : "Natural_") + param.param.build;
    });

}  // namespace
}  // namespace faultline
