#include <cstddef>

#include "harness/agent/heap.h"
#include "harness/agent/raw.h"

// libfiu and libgcc's unwinder, linked statically into the agent, find these before libc's: what
// they allocate comes from the agent's heap, for instance while the target is inside malloc and a
// hooked mmap below it asks libfiu. Hidden (see agent.map), so the target never sees them. Built
// with -fno-builtin, else calloc would be made to call itself.
using faultline::agent::agent_heap;

extern "C" {

void* malloc(size_t size) noexcept { return agent_heap.Allocate(size); }

void* calloc(size_t count, size_t size) noexcept {
  size_t bytes = 0;
  return __builtin_mul_overflow(count, size, &bytes) ? nullptr : agent_heap.Allocate(bytes);
}

void free(void* block) noexcept { agent_heap.Free(block); }

char* strdup(const char* text) noexcept {
  size_t size = 1;
  while (text[size - 1] != '\0') {
    ++size;
  }
  void* copy = agent_heap.Allocate(size);
  if (copy != nullptr) {
    faultline::agent::CopyBytes(copy, text, size);
  }
  return static_cast<char*>(copy);
}

}  // extern "C"
