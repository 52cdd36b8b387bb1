#include "harness/agent/code_writer.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "harness/agent/raw.h"

namespace faultline::agent {

CodeWriter::CodeWriter()
    : memory_fd_(Syscall(__NR_openat, AT_FDCWD, "/proc/self/mem", O_RDWR | O_CLOEXEC, 0)) {}

CodeWriter::~CodeWriter() {
  if (!IsError(memory_fd_)) {
    Syscall(__NR_close, memory_fd_);
  }
}

bool CodeWriter::Write(const LoadedModule& module, uint64_t address,
                       std::span<const uint8_t> bytes) const {
  if (!IsError(memory_fd_)) {
    const long written = Syscall(__NR_pwrite64, memory_fd_, bytes.data(), bytes.size(), address);
    if (written == static_cast<long>(bytes.size())) {
      return true;
    }
  }
  return WriteByProtection(module, address, bytes);
}

int ProtectionOf(const LoadedModule& module, uint64_t address) {
  for (const ElfW(Phdr) & segment : std::span(module.segments, module.segment_count)) {
    const uint64_t begin = module.base + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && address >= begin && address < begin + segment.p_memsz) {
      return ((segment.p_flags & PF_R) != 0 ? PROT_READ : 0) |
             ((segment.p_flags & PF_W) != 0 ? PROT_WRITE : 0) |
             ((segment.p_flags & PF_X) != 0 ? PROT_EXEC : 0);
    }
  }
  return PROT_READ | PROT_EXEC;
}

// Between the two calls of mprotect nothing outside the agent may run: the page may be libc's.
bool WriteByProtection(const LoadedModule& module, uint64_t address,
                       std::span<const uint8_t> bytes) {
  const int protection = ProtectionOf(module, address);
  const uint64_t begin = PageDown(address);
  const uint64_t size = PageUp(address + bytes.size()) - begin;
  if (IsError(Syscall(__NR_mprotect, begin, size, PROT_READ | PROT_WRITE))) {
    return false;
  }
  CopyBytes(reinterpret_cast<void*>(address), bytes.data(), bytes.size());
  return !IsError(Syscall(__NR_mprotect, begin, size, protection));
}

}  // namespace faultline::agent
