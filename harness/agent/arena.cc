#include "harness/agent/arena.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>

#include "harness/agent/raw.h"

namespace faultline::agent {
namespace {

// A little less than 2^31, for the instruction that holds the displacement.
constexpr uint64_t kReach = (uint64_t{1} << 31) - (1 << 16);
constexpr uint64_t kLowestAddress = 1 << 16;  // the kernel's usual vm.mmap_min_addr
constexpr uint64_t kHighestAddress = 0x7fff'ffff'f000;
constexpr uint64_t kStackRoom = 256 << 20;

bool InReach(uint64_t place, uint64_t size, uint64_t begin, uint64_t end) {
  return place >= (end > kReach ? end - kReach : 0) && place + size <= begin + kReach;
}

// Reads /proc/self/maps, whose lines are sorted, and hands out the gaps between its ranges.
class GapReader {
 public:
  GapReader() : fd_(Syscall(__NR_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0)) {}
  ~GapReader() {
    if (!IsError(fd_)) {
      Syscall(__NR_close, fd_);
    }
  }
  GapReader(const GapReader&) = delete;
  GapReader& operator=(const GapReader&) = delete;

  bool Next(Gap* gap) {
    while (!ended_) {
      const uint64_t begin = Hexadecimal();
      const uint64_t end = Hexadecimal();
      while (!ended_ && Character() != '\n') {
      }
      *gap = {last_end_, ended_ ? kHighestAddress : begin};
      last_end_ = std::max(end, last_end_);
      if (gap->begin < gap->end) {
        return true;
      }
    }
    return false;
  }

 private:
  char Character() {
    if (at_ == filled_) {
      const long size = IsError(fd_) ? 0 : Syscall(__NR_read, fd_, buffer_, sizeof(buffer_));
      if (size <= 0) {
        ended_ = true;
        return '\n';
      }
      at_ = 0;
      filled_ = static_cast<size_t>(size);
    }
    return buffer_[at_++];
  }

  // A number and the one character behind it.
  uint64_t Hexadecimal() {
    uint64_t value = 0;
    for (;;) {
      const char c = Character();
      if (c >= '0' && c <= '9') {
        value = value * 16 + static_cast<uint64_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        value = value * 16 + static_cast<uint64_t>(c - 'a' + 10);
      } else {
        return value;
      }
    }
  }

  long fd_;
  bool ended_ = false;
  uint64_t last_end_ = kLowestAddress;
  size_t at_ = 0;
  size_t filled_ = 0;
  char buffer_[2048];
};

}  // namespace

uint64_t PlaceInGap(Gap gap, uint64_t size, uint64_t begin, uint64_t end) {
  if (gap.end - gap.begin < size) {
    return 0;
  }
  uint64_t place = PageDown(gap.end - size);
  if (gap.begin >= end) {
    const uint64_t limit = std::min(gap.end, begin + kReach);
    place = limit < size ? 0 : PageDown(limit - size);
    if (place >= gap.begin + kStackRoom && gap.end - limit < kStackRoom) {
      place -= kStackRoom;
    }
  }
  return place >= gap.begin && place + size <= gap.end && InReach(place, size, begin, end) ? place
                                                                                           : 0;
}

std::byte* Arena::Allocate(uint64_t size, uint64_t begin, uint64_t end) {
  size = PageUp(size);
  for (int i = 0; i <= regions_used_; ++i) {
    if (i == regions_used_ && !Reserve(size, begin, end)) {
      return nullptr;
    }
    Region& region = regions_[i];
    if (region.end - region.next >= size && InReach(region.next, size, begin, end)) {
      if (IsError(Syscall(__NR_mprotect, region.next, size, PROT_READ | PROT_WRITE))) {
        return nullptr;
      }
      auto* block = reinterpret_cast<std::byte*>(region.next);
      region.next += size;
      return block;
    }
  }
  return nullptr;
}

bool Arena::Seal(std::byte* block, uint64_t size) {
  return !IsError(Syscall(__NR_mprotect, block, PageUp(size), PROT_READ | PROT_EXEC));
}

// Adds a region behind the others.
bool Arena::Reserve(uint64_t size, uint64_t begin, uint64_t end) {
  if (regions_used_ == kMaxRegions) {
    return false;
  }
  size = std::max(size, kRegionSize);
  uint64_t best = 0;
  Gap gap{};
  for (GapReader gaps; gaps.Next(&gap);) {
    const uint64_t place = PlaceInGap(gap, size, begin, end);
    // Sorted, so the last one below the module is the nearest; above it only if there is none.
    if (place != 0 && (place < begin || best == 0)) {
      best = place;
    }
  }
  if (best == 0) {
    return false;
  }
  const long mapped =
      Syscall(__NR_mmap, best, size, PROT_NONE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
  if (IsError(mapped)) {
    return false;
  }
  if (static_cast<uint64_t>(mapped) != best) {  // a kernel before 4.17 takes it for a hint
    Syscall(__NR_munmap, mapped, size);
    return false;
  }
  regions_[regions_used_++] = {best, best + size};
  return true;
}

}  // namespace faultline::agent
