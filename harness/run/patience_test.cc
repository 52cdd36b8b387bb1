#include "harness/run/patience.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

namespace faultline {
namespace {

TEST(PatienceTest, GivesTheLimitAtLeast) {
  const auto begin = Clock::now();
  const Patience patience(::getpid(), 1'000);
  EXPECT_GE(patience.deadline(), begin + std::chrono::milliseconds(1'000));
}

TEST(PatienceTest, ATargetThatWaitsOfItsOwnAccordGetsNoMore) {
  // A process that is gone was never kept waiting, however loaded this machine is.
  Patience patience(0x7fffffff, 100);
  EXPECT_FALSE(patience.Extend());
}

// A child that computes for ever on CPU 0.
class BusyChild {
 public:
  BusyChild() : pid_(::fork()) {
    if (pid_ == 0) {
      cpu_set_t first;
      CPU_ZERO(&first);
      CPU_SET(0, &first);
      ::sched_setaffinity(0, sizeof first, &first);
      for (std::atomic<unsigned> count = 0;; ++count) {
      }
    }
  }
  ~BusyChild() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  BusyChild(const BusyChild&) = delete;
  BusyChild& operator=(const BusyChild&) = delete;

  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

TEST(PatienceTest, ATargetThatIsKeptWaitingForACpuGetsMore) {
  const BusyChild target;
  const BusyChild competitor;
  Patience patience(target.pid(), 50);
  const Deadline before = patience.deadline();
  while (RunDelayMs(target.pid()) < 100) {
    ::sched_yield();
  }
  EXPECT_TRUE(patience.Extend());
  EXPECT_GT(patience.deadline(), before);
  // No more than twice the limit, ever.
  while (RunDelayMs(target.pid()) < 400) {
    ::sched_yield();
  }
  patience.Extend();
  EXPECT_EQ(patience.deadline(), before + std::chrono::milliseconds(100));
  EXPECT_TRUE(Patience::WasSpent(150, 50));
}

TEST(PatienceTest, ATargetThatGotItsTimeLateHasNotSpentItAll) {
  EXPECT_FALSE(Patience::WasSpent(100, 100));
  EXPECT_FALSE(Patience::WasSpent(250, 100));  // two other targets had a share each
  EXPECT_TRUE(Patience::WasSpent(300, 100));
  EXPECT_FALSE(Patience::WasSpent(0, 0)) << "there was no wait";
}

TEST(PatienceTest, ReadsTheDelayOfALiveProcess) {
  EXPECT_GE(RunDelayMs(::getpid()), 0);
  EXPECT_EQ(RunDelayMs(0x7fffffff), 0);
}

}  // namespace
}  // namespace faultline
