// What a wrapper or a script executes, from the command line: which of several programs is the
// target, and what becomes of it when it is another one day.
#include <gmock/gmock.h>

#include <string>

#include "harness/base/files.h"
#include "tools/testing/cli_fixture.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kLivesProgram[] = FAULTLINE_BINARY_DIR "/faultline-lives";

class CliWrapperTest : public CliTest {
 protected:
  // A scenario of `sh -c SCRIPT`, with the steps and whatever else stands there.
  std::string Wrapped(const std::string& script, const std::string& rest) {
    Write("mine.yaml", "faultline: 1\nextends: lives\nprogram: sh\nargs: [-c, '" + script +
                           "']\nlimits: {start: 10s, stop: 1s}\n");
    return Write("s.yaml", "faultline: 1\nprofile: ./mine.yaml\n" + rest);
  }
};

constexpr char kNoTable[] =
    "faults: [{point: libc/memory/calloc, direct_caller: true, callers: [MakeTable]}]\n"
    "steps: [{expect_log: \"^start: Cannot\"}, {wait_exit: 1}]\n";

// `$T` is the target.
class CliHelperTest : public CliWrapperTest, public testing::WithParamInterface<const char*> {};

// Tempting: the helper is a child, and alive when the target is ready.
TEST_P(CliHelperTest, WhatAScriptRunsBesideItsTargetIsNotTheTarget) {
  const std::string script = std::string("T=\"${own_dir}/faultline-lives\"; ") + GetParam();
  const Result ready = Run({"run", Wrapped(script, "steps: [wait_ready]\n")});
  EXPECT_EQ(ready.exit, 0) << ready.output;
  EXPECT_THAT(ready.output, HasSubstr("on faultline-lives"));
  const Result failed = Run({"run", Wrapped(script, kNoTable)});
  EXPECT_EQ(failed.exit, 0) << failed.output;
  EXPECT_THAT(failed.output, HasSubstr("clean error"));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Scripts, CliHelperTest,
    testing::Values("sleep 60 & exec $T plain",
                    "sleep 60 & exec sh -c \"ls / > /dev/null; exec $T plain\"",
                    "sleep 60 & exec env A=b timeout 60 $T plain",
                    "sh -c \"sleep 60; sleep 60\" & exec taskset ${cpu_mask} $T plain",
                    "$T complete && exec $T plain", "$T complete && $T plain; exit $?"));

TEST_F(CliWrapperTest, AnotherProgramThanTheOneThatIsRememberedIsLearned) {
  const std::string which = Write("which", "");
  const std::string scenario =
      Wrapped("exec \"$(cat \"" + which + "\")\" plain", "steps: [wait_ready]\n");
  for (const char* name : {"first", "second", "first"}) {
    fs::copy_file(kLivesProgram, directory_ / name, fs::copy_options::skip_existing);
    Write("which", (directory_ / name).string());
    const Result result = Run({"run", scenario});
    EXPECT_EQ(result.exit, 0) << result.output;
    EXPECT_THAT(result.output, HasSubstr(std::string("on ") + name));
  }
  Write("which", (directory_ / "second").string());
  Write("s.yaml", std::string("faultline: 1\nprofile: ./mine.yaml\n") + kNoTable);
  const Result failed = Run({"run", scenario});
  EXPECT_EQ(failed.exit, 0) << failed.output;
  EXPECT_THAT(failed.output, AllOf(HasSubstr("clean error"), HasSubstr("on second")));
}

// Nothing else is learned then, only that it is not what is remembered. The arguments do not name
// the file, which would be part of what they are known by.
TEST_F(CliWrapperTest, AScriptThatExecutesNoLongerWhatIsRememberedIsTheTarget) {
  const std::string mark = Write("mark", "");
  const std::string script = "M=mark; test -e \"" + directory_.string() +
                             "/$M\" && exec \"${own_dir}/faultline-lives\" plain; "
                             "echo ready; read ended";
  const std::string scenario = Wrapped(script,
                                       "faults: [{point: libc/memory/malloc, nth: 100000}]\n"
                                       "steps: [wait_ready]\n");
  const Result program = Run({"run", scenario});
  EXPECT_EQ(program.exit, 1) << program.output;
  EXPECT_THAT(program.output, AllOf(HasSubstr("on faultline-lives"), HasSubstr("never reached")));
  fs::remove(mark);
  const Result shell = Run({"run", scenario});
  EXPECT_EQ(shell.exit, 1) << shell.output;
  EXPECT_THAT(shell.output, AllOf(HasSubstr("on sh"), HasSubstr("never reached")));
  EXPECT_TRUE(fs::is_empty(directory_ / "cache/faultline/executed")) << "it would be tried again";
}

// It is still in its loader when the step comes.
TEST_F(CliWrapperTest, AFirstStepThatActsAtOnceFindsTheTargetStarted) {
  for (const char* steps : {"steps: [{restart: SIGKILL}, wait_ready]\n",
                            "steps: [{signal: SIGTERM}, wait_exit]\n", "steps: []\n"}) {
    const Result plain =
        Run({"run", Write("s.yaml", std::string("faultline: 1\nprofile: lives\n") + steps)});
    EXPECT_EQ(plain.exit, 0) << steps << plain.output;
    const Result wrapped =
        Run({"run", Wrapped("sleep 0.1; exec ${own_dir}/faultline-lives plain", steps)});
    EXPECT_EQ(wrapped.exit, 0) << steps << wrapped.output;
    EXPECT_THAT(wrapped.output, HasSubstr("on faultline-lives")) << steps;
  }
}

// ---- What is to end a target

// Tempting: it does not end, so it hangs.
TEST_F(CliWrapperTest, AStopThatIsRefusedIsNoHang) {
  const Result request =
      Run({"run", Write("s.yaml",
                        "faultline: 1\nprofile: reference\nlimits: {stop: 300ms}\n"
                        "stop: {rpc: no_such_method}\nsteps: [wait_ready]\n")});
  EXPECT_EQ(request.exit, 2) << request.output;
  EXPECT_THAT(request.output,
              HasSubstr("the stop request no_such_method was refused: error -32601"));
  const Result text = Run({"run", Write("s.yaml",
                                        "faultline: 1\nprofile: lives\nlimits: {stop: 300ms}\n"
                                        "closed_descriptors: [0]\nstop: {type: \"quit\\n\"}\n"
                                        "steps: [wait_ready]\n")});
  EXPECT_EQ(text.exit, 2) << text.output;
  EXPECT_THAT(text.output, HasSubstr("the stop text `quit` cannot be typed: the target does not "
                                     "read its terminal; the target runs on"));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

// Tempting likewise: the thread was kept waiting by the harness itself.
TEST_F(CliWrapperTest, AThreadThatAFaultHoldsAtTheStopIsNoHang) {
  const Result result =
      Run({"run", Write("s.yaml",
                        "faultline: 1\nprofile: reference\nextra_args: [--wait-for-rpc]\n"
                        "faults: [{id: held, point: libc/memory/calloc, "
                        "callers: [ref_nullblk_finish], until_step: go}]\n"
                        "steps:\n  - include: steps/start.yaml\n  - signal: SIGTERM\n"
                        "  - {wait_exit: 0, within: 300ms}\n"
                        "  - {run: [\"true\"], name: go, even_if_gone: true}\n")});
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("kept waiting by fault held"), testing::Not(HasSubstr("hang: "))));
}

}  // namespace
}  // namespace faultline
