// What a scenario says of the surroundings in which its target is started, seen by the target.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/run/testing/script_target.h"

namespace faultline {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Status = StepResult::Status;

using SurroundingsTest = testkit::ScriptTarget;

TEST_F(SurroundingsTest, ATargetMeetsTheLimitsOfItsScenario) {
  Script("echo ready; ulimit -n; ulimit -s; ulimit -f; read line");
  profile_.clean.signals = {SIGTERM};
  scenario_.surroundings.limits = {{RLIMIT_NOFILE, 64}, {RLIMIT_STACK, 1 << 20}};
  Add(ExpectLogStep{"^64$$"});
  Add(ExpectLogStep{"^1024$$"});
  Add(ExpectLogStep{"^unlimited$$"});
  EXPECT_THAT(Statuses(Execute()), ElementsAre(Status::kDone, Status::kDone, Status::kDone));
}

TEST_F(SurroundingsTest, ADescriptorMayBeClosedFromTheStart) {
  Script("test -e /proc/self/fd/0 && echo open; echo ready");
  scenario_.surroundings.closed_descriptors = {0};
  Add(WaitExitStep{{0}});
  EXPECT_EQ(Execute().log.front().text, "ready");
}

TEST_F(SurroundingsTest, AnEnvironmentFromEmptyHasWhatTheScenarioGives) {
  Script("/usr/bin/env; echo ready");
  scenario_.surroundings.empty_environment = true;
  scenario_.environment = {{"GIVEN", "${cpu_mask}"}};
  Add(WaitExitStep{{0}});
  std::string all;
  for (const LogLine& line : Execute().log) {
    all += line.text + "\n";
  }
  EXPECT_THAT(all, HasSubstr("GIVEN=0x"));
  EXPECT_THAT(all, Not(HasSubstr("HOME=")));
}

TEST_F(SurroundingsTest, DirectoriesMayBeReadOnlyOrSmall) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root mounts";
  }
  Script(
      "touch here 2>/dev/null && echo written; head -c 100000 /dev/zero > /dev/shm/x 2>/dev/null "
      "|| "
      "echo full; echo ready");
  scenario_.surroundings.read_only_run_dir = true;
  scenario_.surroundings.dev_shm = 16 << 10;
  Add(WaitExitStep{{0}});
  const Evidence evidence = Execute();
  ASSERT_EQ(evidence.log.size(), 2u);
  EXPECT_EQ(evidence.log[0].text, "full");
  EXPECT_EQ(evidence.log[1].text, "ready");
}

TEST_F(SurroundingsTest, ARunDirectoryMayBeFull) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root mounts";
  }
  Script(
      "echo before > kept; head -c 100000 /dev/zero > big || echo full; read line; echo $line; "
      "read line");
  profile_.ready.value = "^full$";
  profile_.clean.signals = {SIGTERM};
  scenario_.surroundings.run_dir = 16 << 10;
  Add(WaitReadyStep{});
  // Commands are in the same directory, and the harness sees what is in it.
  Add(CommandStep{{"sh", "-c", "test $(cat kept) = before && rm big && echo more > more"}});
  Add(ExpectAbsentStep{{"big"}});
  Add(TerminalStep{"on\n"});
  Add(ExpectLogStep{"^on$$"});
  Add(RestartStep{SIGKILL, false});
  Add(CommandStep{{"grep", "-q", "more", "${run_dir}/more"}});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), Each(Status::kDone));
  EXPECT_THAT(evidence.left_behind, Contains("file ${run_dir}/kept"));
  EXPECT_THAT(evidence.left_behind, Not(Contains(HasSubstr(".faultline"))));
}

TEST_F(SurroundingsTest, ADevShmIsThatOfAllLivesAndOfCommands) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root mounts";
  }
  const std::string file = "/dev/shm/faultline-of-a-run-" + std::to_string(::getpid());
  Script("cat " + file + "; echo life > " + file + "; echo ready; read line");
  profile_.ready.value = "^ready$$";
  profile_.clean.signals = {SIGTERM};
  scenario_.surroundings.dev_shm = 64 << 10;
  Add(WaitReadyStep{});
  Add(CommandStep{{"grep", "-q", "life", file}});
  Add(RestartStep{SIGKILL, false});
  Add(ExpectLogStep{"^life$$"});
  EXPECT_THAT(Statuses(Execute()), Each(Status::kDone));
  EXPECT_FALSE(std::filesystem::exists(file)) << "on the machine";
}

TEST_F(SurroundingsTest, ADevShmMayBeReadOnly) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root mounts";
  }
  Script("touch /dev/shm/faultline-$$$$ 2>/dev/null && echo written; echo ready");
  scenario_.surroundings.dev_shm = 4096;
  scenario_.surroundings.read_only_dev_shm = true;
  Add(WaitExitStep{{0}});
  EXPECT_EQ(Execute().log.front().text, "ready");
}

}  // namespace
}  // namespace faultline
