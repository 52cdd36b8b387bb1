#include "harness/run/idle_cpus.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <fstream>

#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

TEST(IdleCpus, AreCountedOverAShortTimeOnly) {
  const testkit::TemporaryDirectory directory;
  const std::filesystem::path stat = directory.path() / "stat";
  cpu_set_t ours;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(ours), &ours), 0);
  size_t mine = 0;
  while (CPU_ISSET(mine, &ours) == 0) {
    ++mine;
  }
  const int64_t ticks_per_second = ::sysconf(_SC_CLK_TCK);
  const auto write = [&](int64_t idle_ticks) {
    std::ofstream(stat) << "cpu  900 0 900 99999 0 0 0\n"
                        << "cpu" << mine << " 500 0 500 " << idle_ticks << " 7 0 0\n"
                        << "cpu100000 1 1 1 " << 90 * idle_ticks << " 0 0 0\n"
                        << "intr 5\n";
  };
  const auto begin = IdleCpus::Clock::now();
  IdleCpus cpus(stat);
  write(1'000);
  EXPECT_FALSE(cpus.Measure(begin)) << "since when?";
  write(1'000 + ticks_per_second / 4);
  EXPECT_FALSE(cpus.Measure(begin + 50ms)) << "too soon, and does not count";
  EXPECT_NEAR(cpus.Measure(begin + 500ms).value_or(-1), 0.5, 1e-6);
  EXPECT_NEAR(cpus.Measure(begin + 700ms).value_or(-1), 0, 1e-6);
  write(1'000 + 9 * ticks_per_second);
  EXPECT_FALSE(cpus.Measure(begin + 10s)) << "what was long ago says nothing of now";
  EXPECT_TRUE(cpus.Measure(begin + 10s + 100ms));
  std::filesystem::remove(stat);
  EXPECT_FALSE(cpus.Measure(begin + 11s));
}

TEST(IdleCpus, AreReadFromTheKernel) {
  IdleCpus cpus;
  const auto begin = IdleCpus::Clock::now();
  cpus.Measure(begin);
  EXPECT_GE(cpus.Measure(begin + 500ms).value_or(-1), 0);
}

}  // namespace
}  // namespace faultline
