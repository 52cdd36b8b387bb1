#include "harness/agent/heap.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace faultline::agent {
namespace {

TEST(HeapTest, GivesZeroedAlignedBlocksThatDoNotOverlap) {
  Heap heap;
  std::vector<unsigned char*> blocks;
  const size_t sizes[] = {1, 16, 17, 100, 5000, 70'000, 3'000'000};
  for (int round = 0; round < 20; ++round) {
    for (size_t size : sizes) {
      auto* block = static_cast<unsigned char*>(heap.Allocate(size));
      ASSERT_NE(block, nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 16, 0u);
      EXPECT_EQ(block[0], 0);
      EXPECT_EQ(block[size - 1], 0);
      std::memset(block, static_cast<int>(blocks.size() + 1), size);
      blocks.push_back(block);
    }
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(blocks[i][0], static_cast<unsigned char>(i + 1));
    EXPECT_EQ(blocks[i][sizes[i % std::size(sizes)] - 1], static_cast<unsigned char>(i + 1));
  }
}

TEST(HeapTest, UsesFreedBlocksAgainAndZeroesThem) {
  Heap heap;
  void* first = heap.Allocate(100);
  std::memset(first, 0xff, 100);
  heap.Free(first);
  auto* second = static_cast<unsigned char*>(heap.Allocate(90));
  EXPECT_EQ(second, first);
  EXPECT_EQ(second[50], 0);
  heap.Free(nullptr);
}

TEST(HeapTest, RefusesWhatCannotBe) {
  Heap heap;
  EXPECT_EQ(heap.Allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(heap.Allocate(SIZE_MAX / 4), nullptr);
}

// Takes some blocks, fills them and gives them back: true when another has written to one
// meanwhile. Not for ThreadSanitizer: the heap is the agent's, which is not instrumented, so that
// it does not see the lock that hands blocks on.
__attribute__((no_sanitize("thread"))) bool AnyIsTorn(Heap& heap, unsigned char value) {
  constexpr size_t kSize = 48;
  volatile unsigned char* blocks[8];
  bool torn = false;
  for (auto& block : blocks) {
    block = static_cast<unsigned char*>(heap.Allocate(kSize));
    for (size_t i = 0; i < kSize; ++i) {
      block[i] = value;
    }
  }
  for (auto* block : blocks) {
    for (size_t i = 0; i < kSize; ++i) {
      torn = torn || block[i] != value;
    }
    heap.Free(const_cast<unsigned char*>(block));
  }
  return torn;
}

TEST(HeapTest, ServesThreadsAtOnce) {
  constexpr int kThreads = 4;
  Heap heap;
  std::vector<std::thread> threads;
  std::atomic<int> waiting = kThreads;
  std::atomic<int> torn = 0;
  for (int id = 1; id <= kThreads; ++id) {
    threads.emplace_back([&, id] {
      --waiting;
      while (waiting > 0) {
        std::this_thread::yield();
      }
      for (int i = 0; i < 20'000; ++i) {
        torn += AnyIsTorn(heap, static_cast<unsigned char>(id)) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace faultline::agent
