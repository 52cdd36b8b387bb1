#include "harness/target/cpu_use.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
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

CpuUse::Times UseOfTwoThreads() {
  std::atomic<bool> begun = false;  // a thread that has never run has not begun to wait
  std::atomic<bool> go = false;
  std::thread other([&] {
    for (begun = true; !go;) {
    }
    Compute(200);
  });
  while (!begun) {
  }
  const CpuUse use(::getpid());
  go = true;
  Compute(200);
  const CpuUse::Times both = use.Since();
  other.join();
  return both;
}

TEST(CpuUseTest, EverySingleInstantOfAThreadThatComputesIsEitherRunOrWaitedFor) {
  // The kernel books the time of a thread that computes or waits now and then, not at once.
  for (int tries = 1;; ++tries) {
    const CpuUse::Times both = UseOfTwoThreads();
    if (both.ran_ns + both.waited_ns > 300 * kMs) {
      break;
    }
    ASSERT_LT(tries, 5) << both.ran_ns << " ns run, " << both.waited_ns << " ns waited";
  }
}

TEST(CpuUseTest, AProcessThatHasGoneGetsNothing) {
  const CpuUse use(0x7fffffff);
  EXPECT_EQ(use.Since().ran_ns, 0);
  EXPECT_EQ(use.Since().waited_ns, 0);
}

}  // namespace
}  // namespace faultline
