#include "harness/run/dead_end.h"

#include <gmock/gmock.h>

#include <cstdlib>

// Each is looked for in the file of this test by its name. `volatile` keeps the compiler from
// seeing through the condition.
extern "C" {
volatile int dead_end_condition = 0;

__attribute__((noinline)) void DeadEndHelper(int code) {
  dead_end_condition = code;
  abort();
}
__attribute__((noinline)) void DeadEndWithBranch(int code) {
  if (code > 3) {
    dead_end_condition = code;
  }
  DeadEndHelper(code);
  abort();
}
__attribute__((noinline)) int ReturnsUnlessBroken(int code) {
  if (dead_end_condition != 0) {
    DeadEndHelper(code);
  }
  return code + 1;
}
// Never returns, but does something in the meantime.
__attribute__((noinline)) void EventLoop() {
  while (true) {
    if (ReturnsUnlessBroken(dead_end_condition) == 7) {
      abort();
    }
  }
}
}

namespace faultline {
namespace {

bool IsDeadEndByName(const std::string& name) {
  const ElfImage image = ElfImage::Open("/proc/self/exe");
  for (const FunctionSymbol& function : image.functions()) {
    if (function.name == name) {
      return IsDeadEnd(image, function.address + function.size - 1);
    }
  }
  ADD_FAILURE() << name << " is not there";
  return false;
}

TEST(DeadEnd, IsAHelperThatOnlyAborts) {
  EXPECT_TRUE(IsDeadEndByName("DeadEndHelper"));
  EXPECT_TRUE(IsDeadEndByName("DeadEndWithBranch"));
}

TEST(DeadEnd, IsNoFunctionThatReturnsOrLoops) {
  EXPECT_FALSE(IsDeadEndByName("ReturnsUnlessBroken"));
  EXPECT_FALSE(IsDeadEndByName("EventLoop"));
  EXPECT_FALSE(IsDeadEnd(ElfImage::Open("/proc/self/exe"), 1)) << "no function's code";
}

TEST(DeadEnd, IsMarkedAtTheInnerEndOnly) {
  const ElfImage image = ElfImage::Open("/proc/self/exe");
  std::vector<RawFrame> raw;
  std::vector<Stack> named;
  for (const char* name : {"DeadEndHelper", "ReturnsUnlessBroken", "DeadEndWithBranch"}) {
    for (const FunctionSymbol& function : image.functions()) {
      if (function.name == name) {
        raw.push_back({"/proc/self/exe", function.address + 4, true});
        named.push_back({Frame{name, "", 0, "test", 4}});
      }
    }
  }
  ASSERT_EQ(named.size(), 3u);
  MarkDeadEnds(raw, named);
  EXPECT_TRUE(named[0][0].ends_process);
  EXPECT_FALSE(named[1][0].ends_process);
  EXPECT_FALSE(named[2][0].ends_process);
}

}  // namespace
}  // namespace faultline
