#include "harness/agent/arena.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <fstream>
#include <string>

#include "harness/agent/raw.h"

namespace faultline::agent {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;
constexpr uint64_t kModule = 100 * kGiB;
constexpr uint64_t kModuleEnd = kModule + (16 << 20);
constexpr uint64_t kSize = 1 << 16;

TEST(ArenaTest, PlacesAsHighAsPossibleBelowTheModule) {
  EXPECT_EQ(PlaceInGap({kModule - kGiB, kModule}, kSize, kModule, kModuleEnd), kModule - kSize);
}

TEST(ArenaTest, RefusesWhatIsTooSmallOrOutOfReach) {
  EXPECT_EQ(PlaceInGap({kModule - kSize + 1, kModule}, kSize, kModule, kModuleEnd), 0u);
  EXPECT_EQ(PlaceInGap({10 * kGiB, 98 * kGiB}, kSize, kModule, kModuleEnd), 0u);
  EXPECT_EQ(PlaceInGap({103 * kGiB, 120 * kGiB}, kSize, kModule, kModuleEnd), 0u);
}

TEST(ArenaTest, AboveTheModuleLeavesRoomForHeapAndStack) {
  const uint64_t place = PlaceInGap({kModuleEnd, kModuleEnd + kGiB}, kSize, kModule, kModuleEnd);
  EXPECT_GT(place, kModuleEnd + kGiB / 2);
  EXPECT_LE(place, kModuleEnd + kGiB - (256 << 20));
  // Reach, not the gap, ends a wide one.
  const uint64_t far = PlaceInGap({kModuleEnd, 200 * kGiB}, kSize, kModule, kModuleEnd);
  EXPECT_GT(far, kModule + kGiB);
  EXPECT_LT(far + kSize, kModule + 2 * kGiB);
}

TEST(ArenaTest, GivesExecutablePagesNearRealCode) {
  static Arena arena;
  const auto here = reinterpret_cast<uint64_t>(&PlaceInGap);
  std::byte* block = arena.Allocate(100, here, here + 100);
  ASSERT_NE(block, nullptr);
  const auto distance = static_cast<int64_t>(reinterpret_cast<uint64_t>(block) - here);
  EXPECT_LT(std::abs(distance), int64_t{1} << 31);
  const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};  // mov eax, 42; ret
  std::memcpy(block, code, sizeof(code));
  ASSERT_TRUE(Arena::Seal(block, 100));
  EXPECT_EQ(reinterpret_cast<int (*)()>(block)(), 42);

  std::byte* next = arena.Allocate(5000, here, here + 100);
  EXPECT_EQ(next, block + kPageSize);  // its own pages, in the same region
  next[4999] = std::byte{1};
  EXPECT_EQ(reinterpret_cast<int (*)()>(block)(), 42);
}

}  // namespace
}  // namespace faultline::agent
