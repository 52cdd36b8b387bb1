#include "harness/run/cpus.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

// Its own, or other tests' claims would count.
std::string Family() { return "faultline-test-" + std::to_string(::getpid()); }

std::set<int> OwnCpus() {
  std::set<int> cpus;
  cpu_set_t ours;
  EXPECT_EQ(::sched_getaffinity(0, sizeof(ours), &ours), 0);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &ours)) {
      cpus.insert(cpu);
    }
  }
  return cpus;
}

TEST(CpuClaim, TwoRunsHaveACpuEachWhereThereAreTwo) {
  const CpuClaim one(Family());
  const CpuClaim two(Family());
  EXPECT_EQ(one.cpu(), *OwnCpus().begin());
  EXPECT_EQ(two.cpu(), one.second_cpu());
  EXPECT_TRUE(OwnCpus().contains(two.cpu()));
  if (OwnCpus().size() == 1) {
    EXPECT_EQ(two.cpu(), one.cpu());
  }
}

// Two sweeps on one machine, say: each CPU gets as many of their runs.
TEST(CpuClaim, WhereThereAreMoreRunsThanCpusTheyShareEvenly) {
  std::vector<CpuClaim> claims;
  std::map<int, int> runs;  // by CPU
  const size_t cpus = static_cast<size_t>(CountClaimedCpus(Family()).usable);
  for (size_t i = 0; i < 3 * cpus; ++i) {
    claims.emplace_back(Family());
    EXPECT_TRUE(OwnCpus().contains(claims.back().cpu()));
    EXPECT_TRUE(OwnCpus().contains(claims.back().second_cpu()));
    EXPECT_EQ(claims.back().sharers(), static_cast<int>(i / cpus));
    ++runs[claims.back().cpu()];
  }
  for (const auto& [cpu, count] : runs) {
    EXPECT_EQ(count, 3) << "CPU " << cpu;
  }
}

TEST(CpuClaim, OthersSeeHowManyCpusAreTaken) {
  EXPECT_EQ(CountClaimedCpus(Family()).claimed, 0);
  EXPECT_EQ(CountClaimedCpus(Family()).claimed, 0) << "looking takes none";
  const CpuClaim one(Family());
  EXPECT_EQ(CountClaimedCpus(Family()).claimed, 1);
  EXPECT_GE(CountClaimedCpus(Family()).usable, 1);
}

TEST(CpuClaim, IsGivenBackAtItsEndAlsoByAProcessThatIsKilled) {
  const int first = CpuClaim(Family()).cpu();
  const std::string family = Family();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const CpuClaim claim(family);
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(CpuClaim(Family()).cpu(), first);
}

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
