// What a user may get wrong, or have a machine for: each is said, and nothing is called well.
#include <gmock/gmock.h>
#include <unistd.h>

#include "harness/base/files.h"
#include "tools/testing/cli_fixture.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CliInputTest : public CliTest {
 protected:
  Result Shell(const std::string& script) {
    TestProgram program({"/bin/sh", "-c", script}, options_);
    Result result;
    result.exit = program.Wait();
    result.output = program.output();
    return result;
  }
  static std::string Binary() { return "'" FAULTLINE_BINARY_DIR "/faultline' "; }

  // A data directory with the shipped catalogues and one profile, "own".
  std::vector<std::string> WithProfile(std::vector<std::string> arguments,
                                       const std::string& profile) {
    Write("data/profiles/own.yaml", "faultline: 1\nsummary: own\n" + profile);
    fs::copy(Scenario("catalogue"), directory_ / "data" / "catalogue",
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    arguments.insert(arguments.end(), {"--data", directory_ / "data"});
    return arguments;
  }
  std::string OwnScenario() {
    return Write("own.yaml", "faultline: 1\nsummary: own\nprofile: own\nsteps: [wait_ready]\n");
  }
};

constexpr char kWrapper[] =
    "program: /usr/bin/env\n"
    "args: [A=b, /bin/sh, -c, 'echo up; read x']\n"
    "ready: {log: up}\n"
    "clean_signals: [SIGTERM]\n"
    "catalogues: [libc-memory, observers-libc]\n";

TEST_F(CliInputTest, AWrapperThatExecutesTheTargetIsFollowed) {
  const Result result =
      Run(WithProfile({"run", OwnScenario(), "--no-color", "--json", ReportPath()}, kWrapper));
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(Report().dump(),
              HasSubstr("sh\""));  // the program that is reported is the executed one
}

TEST_F(CliInputTest, AFaultFreeRunThatFailsIsToldOnceWithWhatNeverCame) {
  const std::vector<std::string> command =
      WithProfile({"sweep", OwnScenario(), "--store", directory_ / "s.db"},
                  "program: /bin/sh\n"
                  "args: [-c, 'echo so far so good; sleep 60']\n"
                  "ready: {log: entering main loop}\n"
                  "limits: {start: 300ms, stop: 2s}\n"
                  "catalogues: [libc-memory]\n");
  const Result result = Run(command);
  EXPECT_EQ(result.exit, 1) << result.output;
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("the fault-free run already fails"),
                    HasSubstr("the target to be ready (its line `entering main loop`)"),
                    HasSubstr("it last said `so far so good`")));
  const size_t first = result.output.find("hang: ");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(result.output.find("hang: ", first + 1), std::string::npos) << result.output;
}

// --program "$TARGET" where TARGET is not set.
TEST_F(CliInputTest, AnEmptyValueIsAMistake) {
  const std::string scenario = OwnScenario();
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"run", scenario, "--program", ""},
           {"run", scenario, "--json", ""},
           {"sweep", scenario, "--store", directory_ / "s.db", "--changed-since", ""},
           {"run", scenario, "--data", ""},
           {"replay", directory_ / "s.db", ""},
           {"init", ""},
           {"init", "/bin/true", "--dir", ""}}) {
    const Result result = Run(words);
    EXPECT_EQ(result.exit, 2) << result.output;
    EXPECT_THAT(result.output, HasSubstr("the value is empty; expected "));
  }
}

TEST_F(CliInputTest, ScriptsStaticAndDamagedProgramsAreNamedAsWhatTheyAre) {
  const auto points = [&](const std::string& program) {
    const Result result = Run({"points", "--profile", "reference", "--program", program});
    EXPECT_EQ(result.exit, 2) << result.output;
    return result.output;
  };
  const std::string script = Write("script", "#!/bin/sh\nexit 0\n");
  fs::permissions(script, fs::perms::owner_all);
  EXPECT_THAT(points(script), HasSubstr("it is a script for /bin/sh: name the program that"));
  EXPECT_THAT(points(FAULTLINE_STATIC_PROGRAM), HasSubstr("it is fully static"));
  const std::string whole = *ReadFile(FAULTLINE_BINARY_DIR "/reference-target-debug");
  const std::string half = Write("half", whole.substr(0, whole.size() / 2));
  fs::permissions(half, fs::perms::owner_all);
  EXPECT_THAT(points(half), HasSubstr("half is truncated: "));
}

// A start that a fault's request falls into.
std::string WithFaultRpc(const std::string& request) {
  return "faultline: 1\n"
         "summary: a request at a call\n"
         "profile: reference\n"
         "extra_args: [--wait-for-rpc]\n"
         "faults:\n"
         "  - {id: ask, point: dpdk/ring/create, from_step: init, " +
         request +
         "}\n"
         "steps:\n"
         "  - wait_ready\n"
         "  - {rpc: framework_start_init, name: init}\n";
}

TEST_F(CliInputTest, TheAnswerToAFaultsRequestIsShownAndJudged) {
  const Result wrong = Run(
      {"run", Write("wrong.yaml", WithFaultRpc("rpc: no_such_method")), "--json", ReportPath()});
  EXPECT_EQ(wrong.exit, 1) << wrong.output;
  EXPECT_THAT(wrong.output, AllOf(HasSubstr("rpc no_such_method of fault ask did not end as"),
                                  HasSubstr("expected a result, got error -32601"),
                                  HasSubstr("fault ask, in step 2: rpc no_such_method: error")));
  EXPECT_EQ(Report()["fault_rpcs"][0]["answer"]["code"], -32601);

  const Result expected =
      Run({"run", Write("expected.yaml", WithFaultRpc("rpc: no_such_method, expect: "
                                                      "{error: {code: -32601}}"))});
  EXPECT_EQ(expected.exit, 0) << expected.output;
  const Result right = Run({"run", Write("right.yaml", WithFaultRpc("rpc: rpc_get_methods"))});
  EXPECT_EQ(right.exit, 0) << right.output;
  const Result other = Run({"run", Write("other.yaml", WithFaultRpc("rpc: rpc_get_methods, "
                                                                    "expect: error"))});
  EXPECT_EQ(other.exit, 1) << other.output;
}

// Whichever call happens to be the first to find no descriptor, which depends on what the parent
// left open and on the order of the threads that read.
TEST_F(CliInputTest, EveryLimitOfDescriptorsIsNamedOrSuffices) {
  for (int limit = 4; limit <= 48; ++limit) {
    const Result result = Shell("ulimit -n " + std::to_string(limit) + "; " + Binary() + "run " +
                                Scenario("reference/start.yaml"));
    if (result.output.find("loading shared libraries") != std::string::npos) {
      // The loader needs a descriptor for a library before any of our code runs, and says so.
      EXPECT_EQ(result.exit, 127) << limit << ": " << result.output;
      EXPECT_LT(limit, 8) << result.output;
    } else if (result.exit != 0) {
      EXPECT_EQ(result.exit, 3) << limit << ": " << result.output;
      EXPECT_THAT(result.output, HasSubstr("(ulimit -n is " + std::to_string(limit) + ")"));
    }
  }
}

TEST_F(CliInputTest, ALimitOfTheSizeOfFilesIsNamed) {
  const Result size = Shell("ulimit -f 1; " + Binary() + "run " + Scenario("reference/start.yaml"));
  EXPECT_EQ(size.exit, 3) << size.output;
  EXPECT_THAT(size.output, HasSubstr("(ulimit -f is "));
}

TEST_F(CliInputTest, ATemporaryDirectoryThatIsTooSmallIsSaid) {
  const std::string tiny = directory_ / "tiny";
  fs::create_directory(tiny);
  const Result result =
      Shell("unshare -m sh -c \"mount -t tmpfs -o size=1m tmpfs " + tiny + " && TMPDIR=" + tiny +
            " exec " + Binary() + "run " + Scenario("reference/start.yaml") + "\" || echo exit $?");
  if (result.output.find("faultline") == std::string::npos) {
    GTEST_SKIP() << "no mount namespaces here: " << result.output;
  }
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("no room for the journal of a run"), HasSubstr("No space left"),
                    HasSubstr("set TMPDIR"), HasSubstr("exit 3")));
}

TEST_F(CliInputTest, ATemporaryDirectoryWithASpaceWorks) {
  fs::create_directory("/tmp/f l'");
  options_.environment["TMPDIR"] = "/tmp/f l'";
  const Result result = Run({"run", Scenario("reference/start.yaml")});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_TRUE(fs::is_empty("/tmp/f l'"));
  fs::remove("/tmp/f l'");
}

TEST_F(CliInputTest, AnotherUsersWorkTreeIsSaidWithTheWayOut) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can make another user's tree";
  }
  const std::string tree = directory_ / "tree";
  ASSERT_EQ(Shell("git init -q " + tree + " && chown -R 65534 " + tree).exit, 0);
  const Result result = Run({"sweep", Scenario("reference/start.yaml"), "--store",
                             directory_ / "s.db", "--source", tree, "--changed-since", "HEAD"});
  EXPECT_EQ(result.exit, 2) << result.output;
  EXPECT_THAT(result.output, AllOf(HasSubstr("another user"), HasSubstr("safe.directory")));
  EXPECT_THAT(result.output, Not(HasSubstr("report this")));
}

}  // namespace
}  // namespace faultline
