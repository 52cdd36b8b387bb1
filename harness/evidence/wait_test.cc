#include "harness/evidence/wait.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using testing::HasSubstr;
using testing::Not;

WaitAccount Ready() {
  return {
      .for_what = "the target to be ready", .limit_ms = 2'000, .most_ms = 20'000, .took_ms = 2'004};
}

TEST(WaitAccountTest, SaysWhatWasWaitedForAndHowLong) {
  EXPECT_EQ(Ready().ToString(),
            "waited 2004 ms for the target to be ready; the limit is 2000 ms (from its fault-free "
            "run)");
}

TEST(WaitAccountTest, SaysWhyAWaitOutlivedItsLimit) {
  WaitAccount wait = Ready();
  wait.took_ms = 20'001;
  wait.for_cpu_ms = 700;
  wait.got_on = true;
  wait.progress = "libc/socket/bind was made to fail 4711 times";
  wait.limit_is_own = true;
  EXPECT_EQ(
      wait.ToString(),
      "waited 20001 ms for the target to be ready; the limit is 2000 ms (the scenario's); "
      "700 ms were added, for which its threads, or faultline's, were ready to run and had no CPU "
      "(the machine was busy); it may take up to 20000 ms in all while it gets on, as it did: "
      "libc/socket/bind was "
      "made to fail 4711 times");
}

TEST(WaitAccountTest, ATargetThatGotItsTimeLateWasNotStarved) {
  WaitAccount wait = Ready();
  EXPECT_FALSE(wait.WasStarved());
  wait.for_cpu_ms = 3'000;  // two other targets had a share each
  EXPECT_FALSE(wait.WasStarved());
  wait.for_cpu_ms = 4'000;
  EXPECT_TRUE(wait.WasStarved());
  EXPECT_FALSE(WaitAccount().WasStarved()) << "there was no wait";
}

TEST(WaitAccountTest, AWaitThatAnotherCauseMadeLongWasNotStarved) {
  WaitAccount wait = Ready();
  wait.took_ms = 20'000;
  wait.got_on = true;
  EXPECT_FALSE(wait.WasStarved());
}

TEST(WaitAccountTest, TellsThePartThatATargetHadNoCpu) {
  WaitAccount wait = Ready();
  EXPECT_EQ(wait.WaitShare(), 0);
  wait.ran_ms = 30;
  wait.waited_ms = 90;
  EXPECT_DOUBLE_EQ(wait.WaitShare(), 0.75);
}

}  // namespace
}  // namespace faultline
