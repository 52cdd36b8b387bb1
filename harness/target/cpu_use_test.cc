#include "harness/target/cpu_use.h"

#include <gtest/gtest.h>
#include <unistd.h>

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

TEST(CpuUseTest, EverySingleInstantOfAThreadThatComputesIsEitherRunOrWaitedFor) {
  const CpuUse use(::getpid());
  std::thread other([] { Compute(200); });
  Compute(200);
  const CpuUse::Times both = use.Since();
  other.join();
  EXPECT_GT(both.ran_ns + both.waited_ns, 300 * kMs);
}

TEST(CpuUseTest, AProcessThatHasGoneGetsNothing) {
  const CpuUse use(0x7fffffff);
  EXPECT_EQ(use.Since().ran_ns, 0);
  EXPECT_EQ(use.Since().waited_ns, 0);
}

}  // namespace
}  // namespace faultline
