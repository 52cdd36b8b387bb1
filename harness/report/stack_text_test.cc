#include "harness/report/stack_text.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

Frame AFrame(const std::string& function) { return {function, "/src/spdk/lib/a.c", 7, "tgt", 1}; }

TEST(StackLines, AreTheFramesWithShortFilesFromTheInnermostOn) {
  EXPECT_THAT(StackLines({AFrame("f"), AFrame("main")}, 9),
              ElementsAre("at f (spdk/lib/a.c:7)", "by main (spdk/lib/a.c:7)"));
}

TEST(StackLines, MoreThanAreWantedAreCounted) {
  EXPECT_THAT(StackLines({AFrame("f"), AFrame("g"), AFrame("h"), AFrame("main")}, 2),
              ElementsAre("at f (spdk/lib/a.c:7)", "by g (spdk/lib/a.c:7)", "... 2 more frames"));
}

TEST(StackLines, ARecursionIsToldOnce) {
  Stack stack = {AFrame("fail")};
  for (int i = 0; i < 1000; ++i) {
    stack.push_back(AFrame("answer"));
    stack.push_back(AFrame("send"));
  }
  stack.push_back(AFrame("main"));
  EXPECT_THAT(StackLines(stack, 6),
              ElementsAre("at fail (spdk/lib/a.c:7)", "by answer (spdk/lib/a.c:7)",
                          "by send (spdk/lib/a.c:7)", "... these 2 frames x 1000",
                          "by main (spdk/lib/a.c:7)"));
  EXPECT_THAT(StackLines(stack, 9999, /*whole=*/true), SizeIs(2002));
}

TEST(StackLines, AFunctionThatCallsItselfIsToldOnce) {
  EXPECT_THAT(StackLines(Stack(1000, AFrame("f")), 6),
              ElementsAre("at f (spdk/lib/a.c:7)", "... this frame x 1000"));
}

TEST(StackLines, TwiceTheSameIsNoRecursion) {
  EXPECT_THAT(StackLines(Stack(2, AFrame("f")), 6),
              ElementsAre("at f (spdk/lib/a.c:7)", "by f (spdk/lib/a.c:7)"));
}

TEST(StackLines, TheStandardLibraryIsLeftOutButForTheInnermost) {
  const Stack stack = {AFrame("std::terminate"), AFrame("std::call"), AFrame("f")};
  EXPECT_THAT(StackLines(stack, 6),
              ElementsAre("at std::terminate (spdk/lib/a.c:7)", "by f (spdk/lib/a.c:7)"));
}

}  // namespace
}  // namespace faultline
