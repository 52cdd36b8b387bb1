#include "harness/run/snapshot_timers.h"

#include <gtest/gtest.h>

#include <csignal>

namespace faultline {
namespace {

TEST(TimersIn, ReadsWhatTheKernelTells) {
  const std::vector<PosixTimer> timers = TimersIn(
      "ID: 3\nsignal: 0/0000000000000000\nnotify: none/pid.2634\nClockID: 1\n"
      "ID: 1\nsignal: 60/00007fff86e452a8\nnotify: signal/tid.2635\nClockID: 0\n");
  ASSERT_EQ(timers.size(), 2u);
  EXPECT_EQ(timers[0].id, 1);
  EXPECT_EQ(timers[0].signal, 60);
  EXPECT_EQ(timers[0].value, 0x7fff86e452a8u);
  EXPECT_EQ(timers[0].notify, SIGEV_SIGNAL | SIGEV_THREAD_ID);
  EXPECT_EQ(timers[0].tid, 2635);
  EXPECT_EQ(timers[0].clock, CLOCK_REALTIME);
  EXPECT_EQ(timers[1].id, 3);
  EXPECT_EQ(timers[1].notify, SIGEV_NONE);
  EXPECT_EQ(timers[1].clock, CLOCK_MONOTONIC);
  EXPECT_TRUE(TimersIn("").empty());
}

TEST(TimersIn, NamesTimersThatCannotBeMadeAgain) {
  EXPECT_THROW(TimersIn("ID: 0\nsignal: 0/0\nnotify: none/pid.1\nClockID: -6\n"), CannotCarry);
  EXPECT_THROW(TimersIn("ID: 999\nsignal: 0/0\nnotify: none/pid.1\nClockID: 1\n"), CannotCarry);
}

}  // namespace
}  // namespace faultline
