#include "harness/report/stack_name.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

const Stack kFailed = {{"make", "a.c", 1, "tgt", 16}, {"init", "a.c", 2, "tgt", 32}};
const Stack kElsewhere = {{"poll", "b.c", 3, "tgt", 48}};

// Tempting: it is in the stack of the failed call, so that is where it is to be corrected.
TEST(StackName, AHangIsNeverBlamedOnWhereItWaited) {
  for (const Stack& stack : {kFailed, kElsewhere}) {
    EXPECT_EQ(StackName("hang", "hang: stop @ poll", stack, kFailed), "Where it waited");
  }
  EXPECT_EQ(StackName("hang", "hang: start; still retrying a/b/c @ make", kFailed, kFailed),
            "The call that it retries");
}

TEST(StackName, ALeakIsShownWhereItIsToBeReleasedOrWhereItWasMade) {
  EXPECT_EQ(StackName("leak", "leak: x", {kFailed[1]}, kFailed), "Where it was to be released");
  EXPECT_EQ(StackName("leak", "leak: x", kElsewhere, kFailed), "Where it was made");
  EXPECT_EQ(StackName("leak", "leak: standard descriptor 0 was closed", kElsewhere, kFailed),
            "Where it was closed");
}

TEST(StackName, ACrashIsShownWhereItCrashed) {
  EXPECT_EQ(StackName("crash", "crash: x", kElsewhere, kFailed), "Where it crashed");
  EXPECT_EQ(StackName("crash", "crash: heap", kFailed, kFailed), "Where the failure was met");
  EXPECT_EQ(StackName("sanitizer", "sanitizer: x", kElsewhere, {}), "Where it showed");
}

}  // namespace
}  // namespace faultline
