#include "harness/agent/clear_memory.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstdint>
#include <cstring>

#include "harness/agent/raw.h"

namespace faultline::agent {
namespace {

constexpr uintptr_t kLargePage = uintptr_t{2} << 20;
constexpr size_t kWorthIt = 2 * kLargePage;

// Only memory that is anonymous and private reads as zeroes afterwards, and only that may be freed
// (madvise(2), MADV_FREE). What was freed before that was found out holds anything: it is to be
// cleared in any case.
bool GiveBackSmallPages(uintptr_t begin, size_t size) {
  return !IsError(Syscall(__NR_madvise, begin, size, MADV_FREE)) &&
         !IsError(Syscall(__NR_madvise, begin, size, MADV_DONTNEED));
}

constinit protocol::SnapshotControl::Range hugepages[protocol::kSnapshotHugepages] = {};
constinit uint32_t hugepage_ranges = 0;

bool IsOfHugepages(uintptr_t begin, size_t size) {
  for (uint32_t i = 0; i < hugepage_ranges; ++i) {
    if (begin >= hugepages[i].begin && begin + size <= hugepages[i].end) {
      return true;
    }
  }
  return false;
}

// One by one: own ones may lie beside others. A page of a shared file is taken out of the file
// (MADV_REMOVE, which no private memory takes); what is mapped of none comes anew.
void GiveBackHugepages(uintptr_t begin, size_t size) {
  for (uintptr_t at = begin; at < begin + size; at += kLargePage) {
    if (IsError(Syscall(__NR_madvise, at, kLargePage, MADV_REMOVE)) &&
        IsError(Syscall(__NR_madvise, at, kLargePage, MADV_DONTNEED))) {
      memset(reinterpret_cast<void*>(at), 0, kLargePage);
    }
  }
}

bool GiveBack(uintptr_t begin, size_t size) {
  if (IsOfHugepages(begin, size)) {
    GiveBackHugepages(begin, size);
    return true;
  }
  return GiveBackSmallPages(begin, size);
}

}  // namespace

void KnowOwnHugepages(const protocol::SnapshotControl::Range* ranges, uint32_t count) {
  hugepage_ranges = count < protocol::kSnapshotHugepages ? count : protocol::kSnapshotHugepages;
  for (uint32_t i = 0; i < hugepage_ranges; ++i) {
    hugepages[i] = ranges[i];
  }
}

void* ClearMemory(void* to, int value, size_t size) {
  if (value == 0 && size >= kWorthIt) {
    const auto from = reinterpret_cast<uintptr_t>(to);
    // Whole large pages: others would be split.
    const uintptr_t begin = (from + kLargePage - 1) & ~(kLargePage - 1);
    const uintptr_t end = (from + size) & ~(kLargePage - 1);
    if (begin < end && GiveBack(begin, end - begin)) {
      memset(to, 0, begin - from);
      memset(reinterpret_cast<void*>(end), 0, from + size - end);
      return to;
    }
  }
  return memset(to, value, size);
}

void* OwnMemset() { return reinterpret_cast<void*>(&memset); }

}  // namespace faultline::agent
