#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// How the plan and the journal lie in memory: offsets from the start of the file, never pointers,
// so that both sides may map it anywhere. Little-endian x86-64 only, as the agent is.
namespace faultline::protocol {

// An array of T inside a mapped file. `offset` is in bytes from the start of the file and a
// multiple of alignof(T); `count` is the number of elements.
template <typename T>
struct Array {
  uint32_t offset = 0;
  uint32_t count = 0;

  // The elements, in a file mapped at `base`. The caller has checked the bounds (see CheckBounds).
  std::span<const T> In(const void* base) const {
    return {reinterpret_cast<const T*>(static_cast<const std::byte*>(base) + offset), count};
  }
  // True when the array lies wholly inside a file of `file_size` bytes and is aligned.
  bool CheckBounds(uint64_t file_size) const {
    return offset % alignof(T) == 0 &&
           static_cast<uint64_t>(offset) + static_cast<uint64_t>(count) * sizeof(T) <= file_size;
  }
};

// Text inside a mapped file; `size` does not count the NUL that follows it.
struct Text {
  uint32_t offset = 0;
  uint32_t size = 0;

  std::string_view In(const void* base) const {
    return {static_cast<const char*>(base) + offset, size};
  }
  const char* CString(const void* base) const { return static_cast<const char*>(base) + offset; }
};

// FNV-1a, 64 bits (Fowler, Noll, Vo). Both sides hash names with it.
constexpr uint64_t HashText(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (char c : text) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  }
  return hash;
}

// Mixes `value` into `hash` (the finaliser of SplitMix64, Steele et al. 2014). Order matters.
constexpr uint64_t HashMix(uint64_t hash, uint64_t value) {
  uint64_t z = hash + 0x9e3779b97f4a7c15u + value;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// GNU build-id note, zero padded. A file without one has size 0.
struct BuildId {
  uint8_t size = 0;
  uint8_t bytes[20] = {};

  friend bool operator==(const BuildId&, const BuildId&) = default;
};

inline constexpr uint32_t kNone = 0xffffffffu;

}  // namespace faultline::protocol
