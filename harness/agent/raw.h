#pragma once

#include <asm/unistd.h>

#include <cstddef>
#include <cstdint>

#include "harness/protocol/raw_call.h"

// What the agent does without libc: kernel calls and copies that never touch errno and never meet a
// hook, whichever function of libc is hooked.
namespace faultline::agent {

// 0 or more, or -errno. Arguments are integers or pointers.
template <typename... Arguments>
inline long Syscall(long number, Arguments... arguments) {
  return protocol::RawCall(number, arguments...);
}

// A failed mmap gives an address in the last page.
inline bool IsError(long result) { return result < 0 && result >= -4095; }

// The compiler may not turn these into calls of memcpy and memset: those may be hooked, or lie on
// the very page that is being written.
inline void CopyBytes(void* to, const void* from, size_t size) {
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}
inline void FillBytes(void* to, uint8_t value, size_t size) {
  asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
}

inline constexpr uint64_t kPageSize = 4096;
constexpr uint64_t PageDown(uint64_t address) { return address & ~(kPageSize - 1); }
constexpr uint64_t PageUp(uint64_t address) { return PageDown(address + kPageSize - 1); }

}  // namespace faultline::agent
