#include "harness/target/proc_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <future>
#include <string>
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

// A child that takes SIGUSR2 by sigwait(), in its main thread or in another; `open`: one more
// thread has it unblocked. Returns once that thread waits.
class SigwaitChild {
 public:
  enum class Waiter { kMain, kOther };
  SigwaitChild(Waiter waiter, bool open_main, bool open_other = false) {
    std::array<int, 2> up = {};
    EXPECT_EQ(pipe(up.data()), 0);
    pid_ = fork();
    if (pid_ == 0) {
      Live(waiter, open_main, open_other, up[1]);
    }
    close(up[1]);
    pid_t tid = 0;
    EXPECT_EQ(read(up[0], &tid, sizeof(tid)), static_cast<ssize_t>(sizeof(tid)));
    close(up[0]);
    while (!ReadProcFile(tid, "syscall").starts_with(std::to_string(SYS_rt_sigtimedwait) + " ")) {
      usleep(1'000);
    }
  }
  ~SigwaitChild() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  SigwaitChild(const SigwaitChild&) = delete;
  SigwaitChild& operator=(const SigwaitChild&) = delete;
  pid_t pid() const { return pid_; }

 private:
  static void Mask(int how) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(how, &set, nullptr);
  }
  static void Wait(int fd) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    const pid_t tid = gettid();
    [[maybe_unused]] const ssize_t told = write(fd, &tid, sizeof(tid));
    int taken = 0;
    sigwait(&set, &taken);
    _exit(taken);
  }
  [[noreturn]] static void Live(Waiter waiter, bool open_main, bool open_other, int fd) {
    Mask(SIG_BLOCK);
    if (open_other) {
      std::promise<void> is_open;
      std::thread([&] {
        Mask(SIG_UNBLOCK);
        is_open.set_value();
        pause();
      }).detach();
      is_open.get_future().wait();
    }
    if (waiter == Waiter::kOther) {
      if (open_main) {
        std::promise<void> is_open;
        std::thread([fd, open = is_open.get_future()]() mutable {
          open.wait();
          Mask(SIG_BLOCK);
          Wait(fd);
        }).detach();
        Mask(SIG_UNBLOCK);
        is_open.set_value();
      } else {
        std::thread(Wait, fd).detach();
      }
    } else {
      Wait(fd);
    }
    while (true) {
      pause();
    }
  }
  pid_t pid_ = 0;
};

TEST(ProcStatus, AProgramWouldNotDieOfASignalThatItTakesBySigwait) {
  using Waiter = SigwaitChild::Waiter;
  EXPECT_FALSE(WouldDieOf(SigwaitChild(Waiter::kMain, false).pid(), SIGUSR2));
  EXPECT_FALSE(WouldDieOf(SigwaitChild(Waiter::kOther, false).pid(), SIGUSR2));
  EXPECT_FALSE(WouldDieOf(SigwaitChild(Waiter::kMain, false, true).pid(), SIGUSR2))
      << "the main thread is asked first";
}

// Tempting: some thread waits for it, so it is taken.
TEST(ProcStatus, AProgramWouldDieOfASignalThatAnotherThreadIsGiven) {
  using Waiter = SigwaitChild::Waiter;
  EXPECT_TRUE(WouldDieOf(SigwaitChild(Waiter::kOther, true).pid(), SIGUSR2));
  EXPECT_TRUE(WouldDieOf(SigwaitChild(Waiter::kOther, false, true).pid(), SIGUSR2))
      << "one of two, and one of them does not wait";
  EXPECT_TRUE(WouldDieOf(SigwaitChild(Waiter::kMain, false).pid(), SIGUSR1)) << "not waited for";
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
