#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace faultline {

// What lies where in another process. All need the right to trace it (ptrace(2), "Ptrace access
// mode checking").

// A line of /proc/PID/maps (proc_pid_maps(5)).
struct Mapping {
  uint64_t begin = 0;
  uint64_t end = 0;
  int protection = 0;  // PROT_*
  bool shared = false;
  uint64_t offset = 0;  // in the file, in bytes
  uint64_t inode = 0;   // 0: no file
  std::string path;     // or a name in brackets; empty when there is neither
};
// By rising address; empty when the process has gone.
std::vector<Mapping> MappingsOf(pid_t pid);

// Where the program begins, as the kernel tells the loader (getauxval(3), AT_ENTRY); nullopt when
// the process has gone.
std::optional<uint64_t> EntryPoint(pid_t pid);

// False when not all `size` bytes can be read; `to` may have been written to then.
bool ReadMemory(pid_t pid, uint64_t address, void* to, size_t size);

// The text up to a NUL; nullopt when it cannot be read, or none is among the first `most` bytes.
std::optional<std::string> ReadText(pid_t pid, uint64_t address, size_t most);

}  // namespace faultline
