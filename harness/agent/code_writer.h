#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "harness/agent/modules.h"

namespace faultline::agent {

// Changes machine code that is mapped executable. First by way of /proc/self/mem, which leaves the
// page executable throughout (it may hold code that this very thread is about to run, and SELinux
// may refuse to make a changed page executable again); where the kernel forbids that, by mprotect
// to writable and back, never both at once.
class CodeWriter {
 public:
  CodeWriter();
  ~CodeWriter();
  CodeWriter(const CodeWriter&) = delete;
  CodeWriter& operator=(const CodeWriter&) = delete;

  // False when the kernel refuses; then nothing has changed. `module` is the one that holds
  // `address`. No other thread may be running the bytes.
  bool Write(const LoadedModule& module, uint64_t address, std::span<const uint8_t> bytes) const;

 private:
  long memory_fd_;
};

// The protection that the module's own program header gives to `address` (PROT_*).
int ProtectionOf(const LoadedModule& module, uint64_t address);

// mprotect, write, mprotect back. The way where /proc/self/mem is closed.
bool WriteByProtection(const LoadedModule& module, uint64_t address,
                       std::span<const uint8_t> bytes);

}  // namespace faultline::agent
