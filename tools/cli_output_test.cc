// What becomes of output that cannot be written.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "harness/base/files.h"
#include "tools/testing/cli_fixture.h"

namespace faultline {
namespace {

using testing::HasSubstr;
using testing::Not;

class CliOutputTest : public CliTest {
 protected:
  // `arguments` of faultline as a line of sh: `redirection` behind it.
  Result Shell(const std::string& arguments, const std::string& redirection) {
    TestProgram program(
        {"/bin/sh", "-c", "'" FAULTLINE_BINARY_DIR "/faultline' " + arguments + " " + redirection},
        options_);
    Result result;
    result.exit = program.Wait();
    result.output = program.output();
    return result;
  }
};

TEST_F(CliOutputTest, AResultThatIsLostIsSaidAndNoSuccess) {
  const Result full = Shell("points --profile reference", ">/dev/full");
  EXPECT_EQ(full.exit, 3);
  EXPECT_THAT(full.output, HasSubstr("the result could not be written to stdout: No space left"));
  EXPECT_THAT(full.output, Not(HasSubstr("report this")));
  const Result closed = Shell("points --profile reference", ">&-");
  EXPECT_EQ(closed.exit, 3);
  EXPECT_THAT(closed.output, HasSubstr("stdout: Bad file descriptor"));
  EXPECT_EQ(Shell("--help", ">/dev/full").exit, 3);
  EXPECT_THAT(Shell("--version", ">/dev/full").output, HasSubstr("stdout: No space left"));
}

TEST_F(CliOutputTest, AMessageThatIsLostDoesNoHarm) {
  EXPECT_EQ(Shell("rnu", "2>/dev/full").exit, 2);
  EXPECT_EQ(Shell("rnu", "2>&-").exit, 2);
  const Result run = Shell("run " + Scenario("reference/start.yaml"), "2>&- </dev/null");
  EXPECT_EQ(run.exit, 0) << run.output;
}

TEST_F(CliOutputTest, AClosedPipeEndsQuietly) {
  const Result result = Shell("points --profile reference", "| head -n 1");
  EXPECT_THAT(result.output, testing::StartsWith("point "));
  EXPECT_THAT(result.output, Not(HasSubstr("faultline:")));
}

TEST_F(CliOutputTest, AStackThatIsTooSmallIsSaid) {
  const Result result = Run({"--version"});
  EXPECT_EQ(result.exit, 0) << result.output;
  TestProgram program(
      {"/bin/sh", "-c", "ulimit -s 64; exec '" FAULTLINE_BINARY_DIR "/faultline' --version"},
      options_);
  EXPECT_EQ(program.Wait(), 3);
  EXPECT_THAT(program.output(), HasSubstr("ulimit -s is 64): expected 512 KiB or more"));
}

// The store is opened after the descriptors that are missing.
TEST_F(CliOutputTest, AClosedStdoutDoesNotGetIntoTheStore) {
  const std::string store = directory_ / "s.db";
  Shell("sweep " + Scenario("reference/start.yaml") +
            " --groups dpdk/ring --budget 1runs --store " + store,
        ">&- 2>&- <&-");
  const Result compare = Run({"compare", store, store});
  EXPECT_EQ(compare.exit, 0) << compare.output;
}

TEST_F(CliOutputTest, AReportIsCheckedBeforeTheWorkBegins) {
  const std::string scenario = Scenario("reference/start.yaml");
  const Result missing = Run({"run", scenario, "--json", directory_ / "no" / "r.json"});
  EXPECT_EQ(missing.exit, 2);
  EXPECT_THAT(missing.output, HasSubstr("there is no directory " + (directory_ / "no").string()));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "no"));
  for (const char* option : {"--json", "--write-baseline"}) {
    const Result sweep =
        Run({"sweep", scenario, "--store", directory_ / "s.db", option, directory_.string()});
    EXPECT_EQ(sweep.exit, 2);
    EXPECT_THAT(sweep.output, HasSubstr("it is a directory"));
  }
  EXPECT_FALSE(std::filesystem::exists(directory_ / "s.db"));
}

TEST_F(CliOutputTest, AnInputIsNoOutput) {
  const std::string scenario = directory_ / "own.yaml";
  const std::string text = *ReadFile(Scenario("reference/start.yaml"));
  const std::string store = directory_ / "s.db";
  WriteFileAtomically(scenario, text);
  WriteFileAtomically(store, "SQLite format 3");
  const std::vector<std::string> sweep = {"sweep", scenario, "--store", directory_ / "new.db"};
  const auto with = [](std::vector<std::string> words, const std::string& option,
                       const std::string& file) {
    words.push_back(option);
    words.push_back(file);
    return words;
  };
  for (const auto& words :
       {with({"run", scenario}, "--json", scenario), with(sweep, "--json", scenario),
        with(sweep, "--report", "html=" + scenario), with(sweep, "--write-baseline", scenario),
        with(sweep, "--json", store), with({"findings", store}, "--json", store),
        with({"report", store}, "--html", store)}) {
    const Result result = Run(words);
    EXPECT_EQ(result.exit, 2) << result.output;
    EXPECT_THAT(result.output, HasSubstr("which is not replaced; expected another file"));
  }
  EXPECT_EQ(ReadFile(scenario), text);
  EXPECT_EQ(ReadFile(store), "SQLite format 3");
  EXPECT_FALSE(std::filesystem::exists(directory_ / "new.db"));
}

TEST_F(CliOutputTest, AFifoThatNobodyReadsIsWaitedForUntilASignal) {
  const std::string fifo = directory_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  TestProgram program({"/usr/bin/timeout", "-k", "5", "3", FAULTLINE_BINARY_DIR "/faultline", "run",
                       Scenario("reference/start.yaml"), "--json", fifo},
                      options_);
  EXPECT_EQ(program.Wait(), 124) << "137: SIGTERM did not end it";
}

TEST_F(CliOutputTest, TwoResultsDoNotGoToOneFile) {
  const std::string scenario = Scenario("reference/start.yaml");
  const std::string store = directory_ / "new.db";
  const std::string link = directory_ / "link.db";
  std::filesystem::create_symlink("new.db", link);
  const std::vector<std::string> sweep = {"sweep", scenario, "--store", store};
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--json", store},
        {"--json", link},
        {"--write-baseline", store},
        {"--report", "html=" + store},
        {"--json", directory_ / "j", "--report", "json=" + (directory_ / "j").string()}}) {
    std::vector<std::string> words = sweep;
    words.insert(words.end(), more.begin(), more.end());
    const Result result = Run(words);
    EXPECT_EQ(result.exit, 2) << result.output;
    EXPECT_THAT(result.output, HasSubstr("both go to"));
  }
  EXPECT_FALSE(std::filesystem::exists(store));
  EXPECT_EQ(Run({"run", scenario, "--json", directory_ / "r", "--report",
                 "html=" + (directory_ / "r").string()})
                .exit,
            2);
}

// As node and ssh make the pipe that they give to a child.
TEST_F(CliOutputTest, ANonBlockingPipeThatIsFullIsWaitedFor) {
  const Result result = Shell("points --profile reference", "| { sleep 1; wc -c; }");
  TestProgram program(
      {"/bin/sh", "-c",
       "python3 -c 'import os, sys; os.set_blocking(1, False); os.execv(sys.argv[1], "
       "sys.argv[1:])' "
       "'" FAULTLINE_BINARY_DIR "/faultline' points --profile reference | { sleep 1; wc -c; }"},
      options_);
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_EQ(program.output(), result.output);
}

TEST_F(CliOutputTest, AReportOnStdoutComesBehindTheStory) {
  const Result result =
      Shell("run " + Scenario("reference/start.yaml"), "--json /dev/stdout | tail -n 1");
  EXPECT_EQ(result.output, "}\n");
  const std::string file = directory_ / "out";
  EXPECT_EQ(Shell("run " + Scenario("reference/start.yaml"), "--json /dev/stdout >" + file).exit,
            0);
  EXPECT_THAT(*ReadFile(file), testing::AllOf(HasSubstr("pass"), HasSubstr("\"finished\"")));
}

}  // namespace
}  // namespace faultline
