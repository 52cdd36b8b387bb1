#include "harness/evidence/evidence.h"

#include <gtest/gtest.h>

#include <csignal>

namespace faultline {
namespace {

TEST(ExitStatus, SaysHowTheTargetEnded) {
  using Kind = ExitStatus::Kind;
  EXPECT_EQ((ExitStatus{Kind::kExited, 3}).ToString(), "exit 3");
  EXPECT_EQ((ExitStatus{Kind::kSignaled, SIGSEGV}).ToString(), "SIGSEGV");
  EXPECT_EQ((ExitStatus{Kind::kSignaled, SIGABRT, true}).ToString(), "SIGABRT (core dumped)");
  EXPECT_EQ((ExitStatus{Kind::kSignaled, 40}).ToString(), "signal 40");
  EXPECT_EQ((ExitStatus{Kind::kKilledByUs}).ToString(), "killed after its limit");
  EXPECT_EQ(ExitStatus{}.ToString(), "not ended");
}

TEST(Frame, FallsBackFromSourceLineToModuleAndOffset) {
  EXPECT_EQ((Frame{"f", "a.c", 7, "prog", 0x10}).ToString(), "f (a.c:7)");
  EXPECT_EQ((Frame{"f", "a.c", 0, "prog", 0x10}).ToString(), "f (a.c)");
  EXPECT_EQ((Frame{"f", "", 0, "prog", 0x10}).ToString(), "f (prog+0x10)");
  EXPECT_EQ((Frame{"", "", 0, "prog", 0x10}).ToString(), "prog+0x10");
  EXPECT_EQ((Frame{"", "", 0, "", 0x10}).ToString(), "0x10");
}

}  // namespace
}  // namespace faultline
