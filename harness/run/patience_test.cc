#include "harness/run/patience.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <thread>

#include "harness/run/testing/busy_child.h"

namespace faultline {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::Ge;
using testing::Lt;

// A process that is gone was never kept waiting, however loaded this machine is.
constexpr pid_t kGone = 0x7fffffff;

WaitAccount Limit(int64_t limit_ms, int64_t most_ms) {
  return {.for_what = "the end", .limit_ms = limit_ms, .most_ms = most_ms};
}

// Waits as a run does for something that never comes.
WaitAccount WaitInVain(Patience& patience) {
  do {
    std::this_thread::sleep_until(patience.deadline());
  } while (patience.Extend());
  return patience.Account();
}

TEST(PatienceTest, GivesTheLimitAtLeast) {
  const auto begin = Clock::now();
  const Patience patience(::getpid(), Limit(1'000, 1'000));
  EXPECT_GE(patience.deadline(), begin + milliseconds(1'000));
}

TEST(PatienceTest, ATargetThatWaitsOfItsOwnAccordGetsNoMore) {
  Patience patience(kGone, Limit(100, 5'000), [] { return std::nullopt; });
  const WaitAccount wait = WaitInVain(patience);
  EXPECT_THAT(wait.took_ms, AllOf(Ge(100), Lt(1'000)));
  EXPECT_FALSE(wait.got_on);
}

TEST(PatienceTest, ATargetThatGetsOnGetsTheMost) {
  int count = 0;
  Patience patience(kGone, Limit(100, 600),
                    [&] { return std::optional("attempt " + std::to_string(++count)); });
  const WaitAccount wait = WaitInVain(patience);
  EXPECT_THAT(wait.took_ms, AllOf(Ge(600), Lt(2'000)));
  EXPECT_TRUE(wait.got_on);
  EXPECT_EQ(wait.progress, "attempt " + std::to_string(count));
}

TEST(PatienceTest, ATargetThatNoLongerGetsOnIsNotWaitedForUntilTheMost) {
  int count = 0;
  Patience patience(kGone, Limit(200, 60'000), [&] {
    return ++count < 8 ? std::optional<std::string>("an attempt") : std::nullopt;
  });
  const WaitAccount wait = WaitInVain(patience);
  EXPECT_TRUE(wait.got_on);
  EXPECT_THAT(wait.took_ms, AllOf(Ge(200), Lt(10'000)));
}

TEST(PatienceTest, WhatATargetDidLongBeforeItsLimitIsNoProgress) {
  int count = 0;
  Patience patience(kGone, Limit(1'000, 60'000), [&] {
    return ++count == 1 ? std::optional<std::string>("it began") : std::nullopt;
  });
  EXPECT_FALSE(WaitInVain(patience).got_on);
}

// However long it was kept waiting for a CPU: it got on behind its limit.
TEST(PatienceTest, ATargetThatEndsBehindItsLimitAndGotOnWasSlow) {
  Patience patience(kGone, Limit(100, 5'000), [] { return std::optional<std::string>("on"); });
  const Clock::time_point end = Clock::now() + milliseconds(150);
  do {
    std::this_thread::sleep_until(patience.deadline());
  } while (patience.Extend() && Clock::now() < end);
  EXPECT_TRUE(patience.Account().got_on);
}

TEST(PatienceTest, ALimitWithoutAMoreIsALimit) {
  Patience patience(kGone, Limit(100, 100), [] { return std::optional<std::string>("on"); });
  EXPECT_FALSE(WaitInVain(patience).got_on);
}

TEST(PatienceTest, ATargetThatIsKeptWaitingForACpuGetsMoreButNoMoreThanTwiceItsLimit) {
  const BusyChild target;
  const BusyChild competitor;
  Patience patience(target.pid(), Limit(50, 50));
  const WaitAccount wait = WaitInVain(patience);
  EXPECT_THAT(wait.for_cpu_ms, AllOf(Ge(10), testing::Le(100)));
  EXPECT_GE(wait.took_ms, 50 + wait.for_cpu_ms);
  EXPECT_GT(wait.waited_ms, 0);
  EXPECT_FALSE(wait.got_on);
}

// It stands still under ptrace, and is not itself ready to run.
TEST(PatienceTest, ATargetWhoseHarnessIsKeptWaitingForACpuGetsMoreToo) {
  const BusyChild harness;
  const BusyChild competitor;
  Patience patience(kGone, Limit(50, 50), {}, harness.pid());
  EXPECT_THAT(WaitInVain(patience).for_cpu_ms, AllOf(Ge(10), testing::Le(100)));
}

}  // namespace
}  // namespace faultline
