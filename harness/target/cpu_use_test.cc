#include "harness/target/cpu_use.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <thread>

#include "harness/target/clock.h"

namespace faultline {
namespace {

constexpr int64_t kMs = 1'000'000;

void Compute(int64_t ms) {
  const Deadline end = InMs(ms);
  while (Clock::now() < end) {
  }
}

TEST(CpuUseTest, CountsFromItsConstructionOn) {
  Compute(50);
  const CpuUse use(::getpid());
  EXPECT_LT(use.Since().ran_ns, 40 * kMs);
}

int64_t ThreadCpuNs() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000 * kMs + now.tv_nsec;
}

void ComputeForCpuTime(int64_t ms) {
  const int64_t end = ThreadCpuNs() + ms * kMs;
  while (ThreadCpuNs() < end) {
  }
}

void PinToCpu(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(cpu), &set);
  ASSERT_EQ(::sched_setaffinity(0, sizeof set, &set), 0);
}

// Two threads on one CPU that each need 100 ms of it: what one runs, the other waits for. It is
// looked at when both are asleep or about to be: of a thread that still runs or waits the kernel
// has not counted the last of it yet.
TEST(CpuUseTest, WhatAThreadRunsAndWhatItWaitsForACpuAreCounted) {
  cpu_set_t old;
  ASSERT_EQ(::sched_getaffinity(0, sizeof old, &old), 0);
  PinToCpu(::sched_getcpu());
  std::atomic<bool> begun = false;  // a thread that has never run has not begun to wait
  std::atomic<bool> go = false;
  std::atomic<bool> done = false;
  std::atomic<bool> seen = false;
  std::thread other([&] {
    for (begun = true; !go;) {
    }
    ComputeForCpuTime(100);
    done = true;
    done.notify_one();
    seen.wait(false);
  });
  while (!begun) {
  }
  const CpuUse use(::getpid());
  go = true;
  ComputeForCpuTime(100);
  done.wait(false);
  const CpuUse::Times both = use.Since();
  seen = true;
  seen.notify_one();
  other.join();
  ASSERT_EQ(::sched_setaffinity(0, sizeof old, &old), 0);
  EXPECT_GT(both.ran_ns, 180 * kMs);
  EXPECT_GT(both.waited_ns, 80 * kMs);
}

TEST(CpuUseTest, AProcessThatHasGoneGetsNothing) {
  const CpuUse use(0x7fffffff);
  EXPECT_EQ(use.Since().ran_ns, 0);
  EXPECT_EQ(use.Since().waited_ns, 0);
}

}  // namespace
}  // namespace faultline
