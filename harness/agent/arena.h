#pragma once

#include <cstddef>
#include <cstdint>

namespace faultline::agent {

// A free range of addresses.
struct Gap {
  uint64_t begin;
  uint64_t end;
};

// Where in `gap` a block of `size` bytes (whole pages) is best placed so that every byte of it can
// reach, and be reached from, all of [begin, end) with a 32-bit displacement; 0 when nowhere. Below
// the module the highest place is taken; above it a place far from the gap's start, where the heap
// may grow, and from its end, where the stack may.
uint64_t PlaceInGap(Gap gap, uint64_t size, uint64_t begin, uint64_t end);

// Memory for the agent's machine code near the code it patches. Blocks are whole pages that become
// executable once they are filled and never change again: no page is ever writable and executable.
// One caller at a time.
class Arena {
 public:
  constexpr Arena() = default;

  // Writable pages of at least `size` bytes within reach of [begin, end); nullptr when there are
  // none.
  std::byte* Allocate(uint64_t size, uint64_t begin, uint64_t end);

  // Makes what Allocate gave executable and read-only. False when the kernel refuses.
  static bool Seal(std::byte* block, uint64_t size);

 private:
  struct Region {
    uint64_t next;  // first page not given away
    uint64_t end;
  };
  static constexpr uint64_t kRegionSize = 1 << 16;
  static constexpr int kMaxRegions = 64;

  bool Reserve(uint64_t size, uint64_t begin, uint64_t end);

  Region regions_[kMaxRegions] = {};
  int regions_used_ = 0;
};

}  // namespace faultline::agent
