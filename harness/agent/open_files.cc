#include "harness/agent/open_files.h"

#include <fcntl.h>

#include "harness/agent/agent_state.h"
#include "harness/agent/raw.h"

namespace faultline::agent {
namespace {

using namespace protocol;

constexpr uint32_t kMostFiles = 1024;
constexpr size_t kPathSize = 512;

// getdents64(2)
struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  uint16_t size;
  uint8_t type;
  char name[1];  // and more: up to `size`
};

// -1 when `name` is not a number.
long NumberOf(const char* name) {
  long number = 0;
  for (const char* at = name; *at != '\0'; ++at) {
    if (*at < '0' || *at > '9') {
      return -1;
    }
    number = number * 10 + (*at - '0');
  }
  return number;
}

void RecordOne(long directory, const char* name, long number) {
  char path[kPathSize];
  const long size = Syscall(__NR_readlinkat, directory, name, path, sizeof(path));
  if (IsError(size)) {
    return;  // closed meanwhile by another thread
  }
  JournalRecord record;
  record.kind = JournalRecord::kOpenFile;
  record.key = static_cast<uint64_t>(number);
  const size_t shown =
      static_cast<size_t>(size) < kLabelSize ? static_cast<size_t>(size) : size_t{kLabelSize} - 1;
  CopyBytes(record.label, path + (static_cast<size_t>(size) - shown), shown);
  the_agent.journal.Append(record);
}

}  // namespace

void RecordOpenFiles() {
  const long directory =
      Syscall(__NR_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (IsError(directory)) {
    return;
  }
  alignas(DirectoryEntry) char entries[2048];
  uint32_t recorded = 0;
  for (;;) {
    const long size = Syscall(__NR_getdents64, directory, entries, sizeof(entries));
    if (size <= 0 || recorded >= kMostFiles) {
      break;
    }
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(entries + at);
      const long number = NumberOf(entry->name);
      if (number >= 0 && number != directory) {
        RecordOne(directory, entry->name, number);
        ++recorded;
      }
      at += entry->size;
    }
  }
  Syscall(__NR_close, directory);
}

}  // namespace faultline::agent
