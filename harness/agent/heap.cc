#include "harness/agent/heap.h"

#include <sys/mman.h>

#include <bit>

#include "harness/agent/raw.h"

namespace faultline::agent {
namespace {

constexpr size_t kSmallest = 32;
constexpr size_t kChunk = 1 << 16;

void* MapPages(size_t size) {
  const long address =
      Syscall(__NR_mmap, nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return IsError(address) ? nullptr : reinterpret_cast<void*>(address);
}

class SpinLock {
 public:
  explicit SpinLock(std::atomic_flag& flag) : flag_(flag) {
    while (flag_.test_and_set(std::memory_order_acquire)) {
      Syscall(__NR_sched_yield);
    }
  }
  ~SpinLock() { flag_.clear(std::memory_order_release); }
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

 private:
  std::atomic_flag& flag_;
};

}  // namespace

constinit Heap agent_heap;

// Stands before every block.
struct alignas(16) Heap::Block {
  Block* next;  // while free
  size_t size;  // of the block with this header
};

void Heap::Lock() {
  while (locked_.test_and_set(std::memory_order_acquire)) {
    Syscall(__NR_sched_yield);
  }
}

void* Heap::Allocate(size_t size) {
  size_t wanted = size + sizeof(Block);
  if (wanted < size) {
    return nullptr;
  }
  wanted = wanted <= kSmallest ? kSmallest : std::bit_ceil(wanted);
  const int size_class = std::countr_zero(wanted) - std::countr_zero(kSmallest);
  Block* block = nullptr;
  if (size_class >= kClasses) {
    block = static_cast<Block*>(MapPages(wanted));
  } else {
    SpinLock lock(locked_);
    block = free_[size_class];
    if (block != nullptr) {
      free_[size_class] = block->next;
    } else {
      block = Carve(wanted);
    }
  }
  if (block == nullptr) {
    return nullptr;
  }
  block->size = wanted;
  FillBytes(block + 1, 0, wanted - sizeof(Block));
  return block + 1;
}

Heap::Block* Heap::Carve(size_t size) {
  if (chunk_left_ < size) {
    // What is left of the old chunk is given up: below the size of one block.
    const size_t chunk = size > kChunk ? size : kChunk;
    void* pages = MapPages(chunk);
    if (pages == nullptr) {
      return nullptr;
    }
    chunk_ = static_cast<std::byte*>(pages);
    chunk_left_ = chunk;
  }
  auto* block = reinterpret_cast<Block*>(chunk_);
  chunk_ += size;
  chunk_left_ -= size;
  return block;
}

void Heap::Free(void* memory) {
  if (memory == nullptr) {
    return;
  }
  Block* block = static_cast<Block*>(memory) - 1;
  const int size_class = std::countr_zero(block->size) - std::countr_zero(kSmallest);
  if (size_class >= kClasses) {
    Syscall(__NR_munmap, block, block->size);
    return;
  }
  SpinLock lock(locked_);
  block->next = free_[size_class];
  free_[size_class] = block;
}

}  // namespace faultline::agent
