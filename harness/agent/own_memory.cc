#include "harness/agent/own_memory.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <atomic>
#include <cstdint>
#include <string_view>

#include "harness/agent/agent_state.h"
#include "harness/agent/hook_table.h"
#include "harness/agent/hooks.h"
#include "harness/agent/raw.h"
#include "harness/protocol/snapshot.h"

namespace faultline::agent {
namespace {

using namespace protocol;
using Map = void* (*)(void*, size_t, int, int, int, long);

constexpr size_t kLarge = size_t{32} << 20;  // less is not worth it
constexpr size_t kMostFiles = kSnapshotOwnFiles;

constinit Map map_original = nullptr;
constinit bool comes_in_large_pages = false;
// Inodes of the files whose first mapping was made the process's own, by the carrier or here.
constinit std::atomic<uint64_t> files[kMostFiles] = {};
constinit std::atomic<uint32_t> file_count = 0;

// The link of /proc/self/fd/FD: "/memfd:NAME (deleted)".
bool IsMemfd(int fd) {
  constexpr std::string_view kDirectory = "/proc/self/fd/";
  constexpr std::string_view kMemfd = "/memfd:";
  char path[sizeof("/proc/self/fd/") + 10] = {};
  CopyBytes(path, kDirectory.data(), kDirectory.size());
  char digits[10];
  size_t count = 0;
  for (auto left = static_cast<unsigned>(fd); count == 0 || left != 0; left /= 10) {
    digits[count++] = static_cast<char>('0' + left % 10);
  }
  for (size_t i = 0; i < count; ++i) {
    path[kDirectory.size() + i] = digits[count - 1 - i];
  }
  char link[kMemfd.size()] = {};
  const long got = Syscall(__NR_readlink, path, link, sizeof(link));
  return got == static_cast<long>(sizeof(link)) && std::string_view(link, sizeof(link)) == kMemfd;
}

bool IsKnown(uint64_t inode) {
  const uint32_t count = file_count.load(std::memory_order_acquire);
  for (uint32_t i = 0; i < count && i < kMostFiles; ++i) {
    if (files[i].load(std::memory_order_acquire) == inode) {
      return true;
    }
  }
  return false;
}

void NoteUnlike() { the_agent.journal.header()->unlike_shared.store(1, std::memory_order_relaxed); }

// Takes the place of mmap's trampoline.
void* MapMemory(void* address, size_t size, int protection, int flags, int fd, long offset) {
  const int type = flags & MAP_TYPE;
  struct stat status {};
  struct statfs system {};
  const bool is_candidate = fd >= 0 && (type == MAP_SHARED || type == MAP_SHARED_VALIDATE) &&
                            !IsError(Syscall(__NR_fstat, fd, &status)) && S_ISREG(status.st_mode) &&
                            status.st_nlink == 0 && !IsError(Syscall(__NR_fstatfs, fd, &system)) &&
                            system.f_type == TMPFS_MAGIC && IsMemfd(fd);
  if (!is_candidate) {
    return map_original(address, size, protection, flags, fd, offset);
  }
  if (IsKnown(status.st_ino)) {
    NoteUnlike();  // a second mapping of the same memory
  }
  // Nothing may be in it yet, and all of it be mapped.
  const bool is_own = size >= kLarge && (protection & PROT_WRITE) != 0 && offset == 0 &&
                      status.st_blocks == 0 &&
                      static_cast<size_t>(status.st_size) <= PageUp(size) &&
                      file_count.load(std::memory_order_relaxed) < kMostFiles;
  if (!is_own) {
    return map_original(address, size, protection, flags, fd, offset);
  }
  constexpr int kOwn = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* const base = map_original(address, size, protection, (flags & ~MAP_TYPE) | kOwn, -1, 0);
  if (base != MAP_FAILED) {
    if (comes_in_large_pages) {
      Syscall(__NR_madvise, base, size, MADV_HUGEPAGE);
    }
    const uint32_t index = file_count.fetch_add(1, std::memory_order_acq_rel);
    if (index < kMostFiles) {
      files[index].store(status.st_ino, std::memory_order_release);
    }
  }
  return base;
}

}  // namespace

void MakeLargeMemoryOwn(bool large_pages, const uint64_t* own_files, uint32_t own_file_count) {
  comes_in_large_pages = large_pages;
  for (uint32_t i = 0; i < own_file_count && i < kMostFiles; ++i) {
    files[i].store(own_files[i], std::memory_order_relaxed);
    file_count.store(i + 1, std::memory_order_release);
  }
  const PlanHeader* const plan = the_agent.plan;
  for (uint32_t i = 0; i < plan->hooks.count; ++i) {
    Hook& hook = hook_table.hooks[i];
    const std::string_view symbol = hook.plan->symbol.CString(plan);
    if ((symbol != "mmap" && symbol != "mmap64") || hook.trampoline == 0 ||
        map_original != nullptr) {
      continue;
    }
    map_original = reinterpret_cast<Map>(hook.trampoline);
    hook.trampoline = reinterpret_cast<uint64_t>(&MapMemory);
  }
}

void NoteForkForOwnMemory() {
  if (file_count.load(std::memory_order_relaxed) != 0) {
    NoteUnlike();
  }
}

}  // namespace faultline::agent
