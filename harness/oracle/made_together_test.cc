#include "harness/oracle/made_together.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

Frame Call(const std::string& function, const std::string& file, uint64_t offset) {
  return {.function = function, .file = file, .line = 1, .module = "target", .offset = offset};
}

const Frame kEntry = Call("main", "main.c", 1);
const Frame kInitNext = Call("init_next", "subsystem.c", 2);

TEST(MadeTogether, ByOneFunctionThroughAWrapperAndALibrary) {
  const Stack device = {Call("iobuf_init", "iobuf.c", 30), kInitNext, kEntry};
  const Stack ring = {Call("rte_ring_create", "", 40), Call("ring_create", "env.c", 41),
                      Call("iobuf_init", "iobuf.c", 31), kInitNext, kEntry};
  EXPECT_TRUE(MadeTogether(device, ring));
  EXPECT_TRUE(MadeTogether(ring, device));
  EXPECT_TRUE(MadeTogether(ring, ring));
}

TEST(MadeTogether, AlsoWhereALongStackIsCutAtItsOuterEnd) {
  const Stack device = {Call("iobuf_init", "iobuf.c", 30), kInitNext, kEntry};
  const Stack ring = {Call("ring_create", "env.c", 41), Call("iobuf_init", "iobuf.c", 31),
                      kInitNext};
  EXPECT_TRUE(MadeTogether(device, ring));
}

TEST(MadeTogether, NotBySubsystemsThatStartEachOther) {
  const Stack iobuf = {Call("iobuf_init", "iobuf.c", 30), Call("start_iobuf", "mod_iobuf.c", 31),
                       kInitNext, kEntry};
  const Stack bdev = {Call("bdev_init", "bdev.c", 50),
                      Call("start_bdev", "mod_bdev.c", 51),
                      Call("init_next", "subsystem.c", 52),
                      Call("start_iobuf", "mod_iobuf.c", 53),
                      kInitNext,
                      kEntry};
  EXPECT_FALSE(MadeTogether(iobuf, bdev));
}

TEST(MadeTogether, NotByTwoCallsOfTheSameFunction) {
  const Stack first = {Call("make", "pool.c", 30), Call("start", "app.c", 31), kEntry};
  const Stack second = {Call("make", "pool.c", 30), Call("stop", "app.c", 35), kEntry};
  EXPECT_FALSE(MadeTogether(first, second));
}

TEST(MadeTogether, NothingIsKnownWithoutStacks) { EXPECT_FALSE(MadeTogether({}, {})); }

}  // namespace
}  // namespace faultline
