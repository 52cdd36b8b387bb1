#include "mocks/fake_dpdk.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <rte_ring.h>

namespace faultline::mocks {
namespace {

TEST(FakeDpdkTest, ExactRingHoldsExactlyItsCount) {
  FakeDpdk fake;
  rte_ring* ring = fake.CreateRing("r", 5, RING_F_EXACT_SZ);
  int items[6];
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(rte_ring_enqueue(ring, &items[i]), 0);
  }
  EXPECT_NE(rte_ring_enqueue(ring, &items[5]), 0);
  void* first = nullptr;
  EXPECT_EQ(rte_ring_dequeue(ring, &first), 0);
  EXPECT_EQ(first, &items[0]);
}

TEST(FakeDpdkTest, RefusesWhatDpdkRefuses) {
  FakeDpdk fake;
  EXPECT_EQ(fake.CreateRing("odd", 5, 0), nullptr);
  EXPECT_NE(fake.CreateRing("r", 8, 0), nullptr);
  EXPECT_EQ(fake.CreateRing("r", 8, 0), nullptr);
  EXPECT_NE(fake.CreateMempool("p", 8, 16), nullptr);
  EXPECT_EQ(fake.CreateMempool("p", 8, 16), nullptr);
}

TEST(FakeDpdkTest, NamesWhatRemains) {
  FakeDpdk fake;
  fake.CreateRing("r", 8, 0);
  void* memory = fake.Allocate("type", 100, 4096);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 4096, 0U);
  EXPECT_EQ(fake.Remains(), "memory type\nring r\n");
  fake.Free(memory);
  EXPECT_EQ(fake.Remains(), "ring r\n");
}

TEST(FakeDpdkTest, FreeingTwiceFailsTheTest) {
  static FakeDpdk fake;
  static void* memory = fake.Allocate("type", 1, 0);
  fake.Free(memory);
  EXPECT_NONFATAL_FAILURE(fake.Free(memory), "freed twice");
}

}  // namespace
}  // namespace faultline::mocks
