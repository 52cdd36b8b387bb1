#include "harness/target/interruption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
