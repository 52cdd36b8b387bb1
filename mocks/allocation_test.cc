#include "mocks/allocation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

namespace faultline::mocks {
namespace {

// Out of the optimiser's sight, which may otherwise take an allocation and its end away together.
void* volatile g_block;

TEST(AllocationsTest, FailsExactlyTheChosenCall) {
  Allocations::Begin(2);
  g_block = calloc(1, 8);
  EXPECT_NE(g_block, nullptr);
  EXPECT_EQ(strdup("second"), nullptr);
  void* third = malloc(8);
  EXPECT_NE(third, nullptr);
  free(third);
  EXPECT_EQ(Allocations::Calls(), 3);
  EXPECT_EQ(Allocations::Live(), 1);
  free(g_block);
  EXPECT_EQ(Allocations::Live(), 0);
  Allocations::End();
}

TEST(AllocationsTest, PersistentFailureStays) {
  Allocations::Begin(1, true);
  g_block = realloc(nullptr, 8);
  EXPECT_EQ(g_block, nullptr);
  g_block = malloc(8);
  EXPECT_EQ(g_block, nullptr);
  Allocations::End();
  g_block = malloc(8);
  EXPECT_NE(g_block, nullptr);
  free(g_block);
}

}  // namespace
}  // namespace faultline::mocks
