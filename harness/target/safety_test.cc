#include "harness/target/safety.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "harness/base/failure.h"
#include "harness/target/event_loop.h"
#include "harness/target/process.h"
#include "harness/target/run_dir.h"

namespace faultline {
namespace {

using ::testing::HasSubstr;

const char* const kHarmless = FAULTLINE_BINARY_DIR "/target_victim";
const char* const kEalProgram = FAULTLINE_BINARY_DIR "/target_fake_eal";

std::string Refusal(const std::string& program, const std::vector<std::string>& args,
                    const std::vector<std::string>& required = {}) {
  try {
    CheckSafeToStart(program, args, required);
    return "";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kBadInput);
    return failure.what();
  }
}

TEST(Safety, FindsDpdkInAProgramThatHasItInside) { EXPECT_TRUE(UsesDpdk(kEalProgram)); }

TEST(Safety, FindsDpdkInAStrippedProgram) {
  EXPECT_TRUE(UsesDpdk(FAULTLINE_BINARY_DIR "/target_fake_eal_stripped"));
}

TEST(Safety, FindsDpdkBehindAnotherLibrary) {
  EXPECT_TRUE(UsesDpdk(FAULTLINE_BINARY_DIR "/target_eal_user"));
}

TEST(Safety, FindsDpdkInRealTestpmd) {
  if (!std::filesystem::exists("/usr/bin/dpdk-testpmd")) {
    GTEST_SKIP() << "needs Debian's dpdk-dev";
  }
  EXPECT_TRUE(UsesDpdk("/usr/bin/dpdk-testpmd"));
}

TEST(Safety, FindsNoDpdkElsewhere) {
  const RunDirectory directory;
  std::ofstream(directory.path() / "script") << "#!/bin/sh\n# EAL: no-pci\n";
  EXPECT_FALSE(UsesDpdk(kHarmless));
  EXPECT_FALSE(UsesDpdk("/bin/sh"));
  EXPECT_FALSE(UsesDpdk(directory.path() / "script"));
  EXPECT_FALSE(UsesDpdk("/no/such/program"));
}

TEST(Safety, RefusesDpdkWithoutNoPciAndSaysWhatToAdd) {
  EXPECT_THAT(Refusal(kEalProgram, {}), HasSubstr("add --no-pci"));
  EXPECT_THAT(Refusal(kEalProgram, {"--no-huge", "--", "--no-pci"}), HasSubstr("add --no-pci"));
  EXPECT_THAT(Refusal(kEalProgram, {"--no-pci-really"}), HasSubstr("add --no-pci"));
  EXPECT_EQ(Refusal(kEalProgram, {"--no-huge", "--no-pci", "--", "-i"}), "");
}

TEST(Safety, RefusesLegacyMemoryInAnyProgram) {
  EXPECT_THAT(Refusal(kEalProgram, {"--no-pci", "--legacy-mem"}), HasSubstr("--legacy-mem"));
  EXPECT_THAT(Refusal(kHarmless, {"--legacy"}), HasSubstr("every free hugepage"));
  EXPECT_EQ(Refusal(kHarmless, {"--", "--legacy-mem"}), "");
}

TEST(Safety, RefusesWithoutTheProfilesRequiredArguments) {
  EXPECT_THAT(Refusal(kHarmless, {"--"}, {"--no-pci"}),
              HasSubstr("requires the argument --no-pci"));
  EXPECT_EQ(Refusal(kHarmless, {"--no-pci"}, {"--no-pci"}), "");
}

TEST(Safety, TheSpawnItselfRefuses) {
  SpawnOptions options;
  options.program = kEalProgram;
  options.working_dir = "/";
  options.run_id = NewRunId();
  EXPECT_THROW(Process{options}, Failure);
  options.args = {"--no-pci"};
  EXPECT_NO_THROW(Process{options});
}

// A wrapper is not seen through beforehand; what it executes is stopped before it does anything.
TEST(Safety, AProgramThatTheTargetExecutesIsCheckedToo) {
  for (const bool forked : {false, true}) {
    SpawnOptions options;
    options.program = "/bin/sh";
    options.args = {"-c", std::string(forked ? "" : "exec ") + kEalProgram + " --no-huge; exit 9"};
    options.working_dir = "/";
    options.environment = OwnEnvironment();
    options.run_id = NewRunId();
    Process process(options);
    if (!process.traced()) {
      GTEST_SKIP() << process.trace_note();
    }
    EventLoop loop;
    loop.Add(process.event_fd(), [&] { process.OnEvent(); });
    loop.RunUntil([&] { return process.exited(); }, InMs(20'000));
    EXPECT_THAT(process.refusal(), HasSubstr("add --no-pci"));
    EXPECT_EQ(process.replaced_by().has_value(), !forked);
  }
}

}  // namespace
}  // namespace faultline
