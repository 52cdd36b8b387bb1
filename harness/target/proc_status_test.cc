#include "harness/target/proc_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "harness/target/clock.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

TEST(ProcStatus, ReadsThisProcess) {
  const pid_t self = getpid();
  EXPECT_THAT(AllPids(), Contains(self));
  EXPECT_THAT(ThreadIds(self), Contains(self));
  EXPECT_EQ(ThreadGroup(self), self);
  const ProcStat stat = ReadProcStat(self);
  EXPECT_EQ(stat.state, 'R');
  EXPECT_EQ(stat.parent, getppid());
  EXPECT_EQ(stat.session, getsid(0));
}

TEST(ProcStatus, NobodyIsWaitedForWhoHasNoEnvironment) {
  const pid_t child = fork();
  if (child == 0) {
    char* const none[] = {nullptr};
    char* const arguments[] = {const_cast<char*>("sleep"), const_cast<char*>("1000"), nullptr};
    execve("/bin/sleep", arguments, none);
    _exit(127);
  }
  while (ProcessName(child) != "sleep") {
    usleep(1'000);
  }
  const Clock::time_point begin = Clock::now();
  EXPECT_EQ(ReadEnvironment(child), "");
  constexpr pid_t kKernelThreads = 2;  // or whatever has this id in a container
  ReadEnvironment(kKernelThreads);
  ReadEnvironment(1);  // root may be refused, too
  EXPECT_LT(Clock::now() - begin, std::chrono::milliseconds(500));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST(ProcStatus, KnowsTheProcessOfAThread) {
  pid_t tid = 0;
  pid_t group = 0;
  std::thread([&] {
    tid = gettid();
    group = ThreadGroup(tid);
  }).join();
  EXPECT_NE(tid, getpid());
  EXPECT_EQ(group, getpid());
}

TEST(ProcStatus, TellsAHandledSignalFromADefaultOne) {
  EXPECT_TRUE(TakesDefaultAction(getpid(), SIGUSR2));
  signal(SIGUSR2, [](int) {});
  EXPECT_FALSE(TakesDefaultAction(getpid(), SIGUSR2));
  signal(SIGUSR2, SIG_IGN);
  EXPECT_FALSE(TakesDefaultAction(getpid(), SIGUSR2));
  signal(SIGUSR2, SIG_DFL);
}

TEST(ProcStatus, AProgramWouldNotDieOfASignalThatItHandlesOrBlocks) {
  EXPECT_TRUE(WouldDieOf(getpid(), SIGUSR2));
  signal(SIGUSR2, [](int) {});
  EXPECT_FALSE(WouldDieOf(getpid(), SIGUSR2));
  signal(SIGUSR2, SIG_DFL);
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR2);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  EXPECT_FALSE(WouldDieOf(getpid(), SIGUSR2)) << "as one that reads it from a signalfd";
  EXPECT_TRUE(TakesDefaultAction(getpid(), SIGUSR2));
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST(ProcStatus, AZombieAndAGoneProcessReadAsEmpty) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(0);
  }
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(ReadProcStat(child).state, 'Z');
  EXPECT_EQ(ReadProcFile(child, "environ"), "");
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_EQ(ReadProcStat(child).state, 0);
  EXPECT_EQ(ThreadGroup(child), 0);
  EXPECT_EQ(ProcessName(child), "");
  EXPECT_THAT(ThreadIds(child), IsEmpty());
}

TEST(ProcStatus, SurvivesAProcessThatDiesWhileItIsRead) {
  // Many processes that live for a moment, each read until it has gone.
  for (int i = 0; i < 50; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(0);
    }
    while (!ReadProcFile(child, "environ").empty()) {
    }
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
  }
}

}  // namespace
}  // namespace faultline
