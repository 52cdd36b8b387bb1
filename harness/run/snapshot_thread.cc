#include "harness/run/snapshot_thread.h"

#include <elf.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <set>

#include "harness/run/snapshot_steps.h"
#include "harness/target/proc_status.h"
#include "harness/target/process_memory.h"

namespace faultline {
namespace {

// Kernel's include/linux/errno.h: how a system call says that it was interrupted.
constexpr int64_t kInterrupted[] = {512, 513, 514, 516, EINTR};

// glibc's struct pthread is at the thread pointer; its id is somewhere near (glibc 2.36: at 0x2d0).
constexpr size_t kThreadBytes = 0x400;

}  // namespace

std::vector<std::byte> VectorsOf(pid_t tid) {
  constexpr size_t kMost = 16384;
  std::vector<std::byte> vectors(kMost);
  iovec area = {vectors.data(), vectors.size()};
  if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &area) != 0) {
    throw CannotCarry("its vector registers cannot be read");
  }
  vectors.resize(area.iov_len);
  return vectors;
}

bool WasInterrupted(const user_regs_struct& registers) {
  const auto result = static_cast<int64_t>(registers.rax);
  return static_cast<int64_t>(registers.orig_rax) >= 0 &&
         std::any_of(std::begin(kInterrupted), std::end(kInterrupted),
                     [result](int64_t error) { return result == -error; });
}

user_regs_struct Again(user_regs_struct registers) {
  constexpr uint64_t kSyscallBytes = 2;
  if (WasInterrupted(registers)) {
    registers.rax = registers.orig_rax;
    registers.rip -= kSyscallBytes;
  }
  registers.orig_rax = ~uint64_t{0};
  return registers;
}

void SetRegisters(pid_t tid, const user_regs_struct& registers) {
  user_regs_struct copy = registers;
  iovec area = {&copy, sizeof(copy)};
  if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &area) != 0) {
    throw CannotCarry("its registers cannot be set");
  }
}

user_regs_struct RegistersOf(pid_t tid) {
  user_regs_struct registers = {};
  iovec area = {&registers, sizeof(registers)};
  if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &area) != 0) {
    throw CannotCarry("its registers cannot be read");
  }
  return registers;
}

ThreadImage LookAtThread(pid_t tid) {
  ThreadImage image;
  image.tid = tid;
  image.registers = Again(RegistersOf(tid));
  image.vectors = VectorsOf(tid);
  ptrace(PTRACE_GETSIGMASK, tid, sizeof(image.signal_mask), &image.signal_mask);
  syscall(SYS_get_robust_list, tid, &image.robust_list, &image.robust_size);
  ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof(image.rseq), &image.rseq);
  image.name = ProcessName(tid);
  sched_getaffinity(tid, sizeof(image.cpus), &image.cpus);
  if (sched_getscheduler(tid) != SCHED_OTHER) {
    throw CannotCarry("a thread of it has a scheduling class of its own");
  }
  return image;
}

void DressThread(pid_t tid, const ThreadImage& image) {
  SetRegisters(tid, image.registers);
  std::vector<std::byte> vectors = image.vectors;
  iovec area = {vectors.data(), vectors.size()};
  uint64_t mask = image.signal_mask;
  if (ptrace(PTRACE_SETREGSET, tid, NT_X86_XSTATE, &area) != 0 ||
      ptrace(PTRACE_SETSIGMASK, tid, sizeof(mask), &mask) != 0) {
    throw CannotCarry("a thread's registers cannot be set");
  }
}

void FindTidAddresses(pid_t pid, std::vector<ThreadImage>& threads) {
  std::set<size_t> offsets;
  for (size_t i = 0; i < kThreadBytes; i += sizeof(uint32_t)) {
    offsets.insert(i);
  }
  for (const ThreadImage& thread : threads) {
    std::vector<uint32_t> words(kThreadBytes / sizeof(uint32_t));
    if (!ReadMemory(pid, thread.registers.fs_base, words.data(), kThreadBytes)) {
      throw CannotCarry("its threads are not those of a known libc");
    }
    std::erase_if(offsets, [&](size_t offset) {
      return words[offset / sizeof(uint32_t)] != static_cast<uint32_t>(thread.tid);
    });
  }
  if (offsets.empty()) {
    throw CannotCarry("its threads are not those of a known libc");
  }
  for (ThreadImage& thread : threads) {
    thread.tid_address = thread.registers.fs_base + *offsets.begin();
  }
}

}  // namespace faultline
