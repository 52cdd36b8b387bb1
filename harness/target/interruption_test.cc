#include "harness/target/interruption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "harness/target/event_loop.h"

namespace faultline {
namespace {

TEST(Interruption, TurnsASignalIntoAnException) {
  Interruption interruption;
  EventLoop loop;
  loop.Add(interruption.fd(), [&] { interruption.ThrowIfRaised(); });
  raise(SIGTERM);
  try {
    loop.RunUntil([] { return false; }, InMs(10'000));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Interrupted& interrupted) {
    EXPECT_EQ(interrupted.signal(), SIGTERM);
    EXPECT_STREQ(interrupted.what(), "interrupted by SIGTERM");
  }
}

TEST(Interruption, WithoutASignalNothingIsThrown) {
  Interruption interruption;
  EXPECT_NO_THROW(interruption.ThrowIfRaised());
}

// In a process of its own: takes the first signal, and looks at no other any more.
[[noreturn]] void TakeOneSignal(int ready, int told) {
  ::dup2(told, STDERR_FILENO);
  Interruption interruption("kept\n");
  [[maybe_unused]] ssize_t written = ::write(ready, "1", 1);
  pollfd event = {interruption.fd(), POLLIN, 0};
  ::poll(&event, 1, -1);
  try {
    interruption.ThrowIfRaised();
  } catch (const Interrupted& interrupted) {
    written = ::write(ready, interrupted.signal() == SIGINT ? "2" : "?", 1);
  }
  for (;;) {
    ::pause();
  }
}

TEST(Interruption, TheFirstIsToldAndALaterOneEndsTheProcessAtOnce) {
  int ready[2];
  int told[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(told), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    TakeOneSignal(ready[1], told[1]);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGINT);
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, '2');
  char text[16] = "";
  EXPECT_EQ(::read(told[0], text, sizeof text - 1), 5);
  EXPECT_STREQ(text, "kept\n");
  ::kill(child, SIGINT);  // as timeout(1) does
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, WNOHANG), 0) << "the same signal twice is one";
  while (::waitpid(child, &status, WNOHANG) == 0) {
    ::kill(child, SIGINT);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGINT);
  for (const int fd : {ready[0], ready[1], told[0], told[1]}) {
    ::close(fd);
  }
}

// nohup(1).
TEST(InterruptionDeathTest, AHangupThatWasIgnoredStaysIgnored) {
  EXPECT_EXIT(
      {
        std::signal(SIGHUP, SIG_IGN);
        Interruption interruption;
        ::raise(SIGHUP);
        interruption.ThrowIfRaised();
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

// Its process ends: the second signal after the first would end that of the other tests.
TEST(InterruptionDeathTest, WhileADebuggerHasTheTerminalCtrlCIsForgottenAndOthersAreNot) {
  EXPECT_EXIT(
      {
        Interruption interruption;
        raise(SIGINT);
        interruption.ThrowIfRaisedButCtrlC();
        raise(SIGTERM);
        try {
          interruption.ThrowIfRaisedButCtrlC();
        } catch (const Interrupted& interrupted) {
          _exit(interrupted.signal());
        }
      },
      ::testing::ExitedWithCode(SIGTERM), "");
}

TEST(Interruption, RestoresTheSignalMask) {
  sigset_t mask;
  { const Interruption interruption; }
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_FALSE(sigismember(&mask, SIGINT));
}

TEST(InterruptionDeathTest, EndsTheProcessByTheSignalItself) {
  EXPECT_EXIT(
      {
        const Interruption interruption;
        Interruption::EndBySignal(SIGINT);
      },
      ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace faultline
