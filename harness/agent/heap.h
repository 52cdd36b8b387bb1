#pragma once

#include <atomic>
#include <cstddef>

namespace faultline::agent {

// The agent's own memory, so that it neither changes the target's heap nor needs malloc where the
// target holds malloc's lock. Blocks are powers of two from 32 bytes; freed blocks are kept for the
// same size, nothing goes back to the kernel. Thread-safe; a signal handler that interrupts an
// allocation must not allocate (the agent's busy flag sees to that).
class Heap {
 public:
  constexpr Heap() = default;

  // 16-byte aligned, zeroed; nullptr when the kernel gives no memory.
  void* Allocate(size_t size);
  // `block` may be nullptr.
  void Free(void* block);

  // Only for a child just forked: another thread of the parent may have held the lock.
  void UnlockInChild() { locked_.clear(); }
  // From here until UnlockInChild(), by whichever process, no thread is in the middle of anything.
  void Lock();

 private:
  static constexpr int kClasses = 16;  // 32 bytes to 1 MiB; larger ones come from the kernel alone
  struct Block;

  Block* Carve(size_t size);

  std::atomic_flag locked_ = ATOMIC_FLAG_INIT;
  Block* free_[kClasses] = {};
  std::byte* chunk_ = nullptr;
  size_t chunk_left_ = 0;
};

// The one heap of the agent.
extern Heap agent_heap;

}  // namespace faultline::agent
