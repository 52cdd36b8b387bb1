#include "harness/run/cpu_claim.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>
#include <vector>

namespace faultline {
namespace {

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

TEST(CpuClaim, WhereThereAreMoreRunsThanCpusTheyShare) {
  std::vector<CpuClaim> claims;
  for (size_t i = 0; i < 2 * OwnCpus().size() + 2; ++i) {
    claims.emplace_back(Family());
    EXPECT_TRUE(OwnCpus().contains(claims.back().cpu()));
    EXPECT_TRUE(OwnCpus().contains(claims.back().second_cpu()));
  }
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

}  // namespace
}  // namespace faultline
