#include "harness/run/command.h"

#include <gtest/gtest.h>

#include "harness/run/testing/busy_child.h"

namespace faultline {
namespace {

CommandResult SleepFor(const char* seconds, int limit_ms, pid_t target) {
  const std::map<std::string, std::string> environment;
  const std::filesystem::path here = "/";
  EventLoop loop;
  return RunCommand({"sleep", seconds}, {environment, here}, limit_ms, loop, target);
}

TEST(CommandTest, IsKilledAtItsLimit) {
  EXPECT_EQ(SleepFor("60", 100, 0).exit.kind, ExitStatus::Kind::kKilledByUs);
}

// What a command waits for is often an answer of the target.
TEST(CommandTest, GetsMoreTimeWhileTheTargetIsKeptWaitingForACpu) {
  const BusyChild target;
  const BusyChild competitor;
  EXPECT_EQ(SleepFor("0.75", 600, target.pid()).exit.kind, ExitStatus::Kind::kExited);
}

TEST(CommandTest, IsKilledInTheEndHoweverBusyTheMachine) {
  const BusyChild target;
  const BusyChild competitor;
  EXPECT_EQ(SleepFor("60", 50, target.pid()).exit.kind, ExitStatus::Kind::kKilledByUs);
}

}  // namespace
}  // namespace faultline
