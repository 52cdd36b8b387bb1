#include "harness/symbols/call_site.h"

#include <gtest/gtest.h>

#include <vector>

namespace faultline {
namespace {

using Code = std::vector<uint8_t>;

// Assembled by hand: call is e8 rel32, call *%rax ff d0, jne 75 rel8, jmp eb rel8, ret c3.
TEST(CallSite, OfStraightCodeIsPassedOnce) {
  const Code code = {0x90, 0xe8, 0, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0xc3};
  for (const size_t return_at : {6u, 11u}) {
    const CallSite site = ReadCallSite(code, return_at);
    EXPECT_TRUE(site.known);
    EXPECT_FALSE(site.in_loop);
    EXPECT_FALSE(site.indirect);
  }
}

TEST(CallSite, InALoopIsPassedAgain) {
  const Code code = {0xe8, 0, 0, 0, 0, 0x75, 0xf9, 0xe8, 0, 0, 0, 0, 0xc3};
  EXPECT_TRUE(ReadCallSite(code, 5).in_loop);
  EXPECT_FALSE(ReadCallSite(code, 12).in_loop) << "behind the loop";
}

// What is unlikely lies behind the end and jumps back to where it left: no loop.
TEST(CallSite, AJumpBackwardsAloneMakesNoLoop) {
  const Code code = {0x75, 0x06, 0xe8, 0, 0, 0, 0, 0xc3, 0x90, 0xeb, 0xf7};
  EXPECT_FALSE(ReadCallSite(code, 7).in_loop);
  EXPECT_TRUE(ReadCallSite(code, 7).known);
}

TEST(CallSite, ByAPointerIsIndirectAndByASlotOfTheLinkerIsNot) {
  EXPECT_TRUE(ReadCallSite(Code{0xff, 0xd0, 0xc3}, 2).indirect);
  EXPECT_TRUE(ReadCallSite(Code{0xff, 0x50, 0x10, 0xc3}, 3).indirect) << "call *0x10(%rax)";
  EXPECT_FALSE(ReadCallSite(Code{0xff, 0x15, 0, 0, 0, 0, 0xc3}, 6).indirect);
}

TEST(CallSite, IsNotKnownWhereNoCallEnds) {
  EXPECT_FALSE(ReadCallSite(Code{0x90, 0x90, 0xc3}, 2).known);
  EXPECT_FALSE(ReadCallSite(Code{0xe8, 0, 0, 0, 0, 0xc3}, 3).known);
  EXPECT_FALSE(ReadCallSite(Code{}, 0).known);
}

}  // namespace
}  // namespace faultline
