#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace faultline {

// What one thread of a carrier is made of, but for its memory.
struct ThreadImage {
  pid_t tid = 0;
  user_regs_struct registers = {};  // as it goes on: an interrupted system call is made again
  std::vector<std::byte> vectors;   // NT_X86_XSTATE
  uint64_t signal_mask = 0;
  uint64_t robust_list = 0;
  uint64_t robust_size = 0;
  __ptrace_rseq_configuration rseq = {};
  uint64_t tid_address = 0;   // where libc keeps the id, and the kernel clears it at the end
  stack_t signal_stack = {};  // sigaltstack(2)
  std::string name;
  cpu_set_t cpus = {};
};

// All that follows is done by the thread that traces `tid`, which is stopped. CannotCarry.
ThreadImage LookAtThread(pid_t tid);  // but for tid_address and signal_stack
// A thread becomes what `image` is, where the kernel has it: in its registers and signal mask.
void DressThread(pid_t tid, const ThreadImage& image);
user_regs_struct RegistersOf(pid_t tid);
std::vector<std::byte> VectorsOf(pid_t tid);
void SetRegisters(pid_t tid, const user_regs_struct& registers);
// Did a signal or a tracer end the system call that it was in?
bool WasInterrupted(const user_regs_struct& registers);
// It makes that call once more, as if nothing had been.
user_regs_struct Again(user_regs_struct registers);

// Finds the tid_address of all threads of a process.
void FindTidAddresses(pid_t pid, std::vector<ThreadImage>& threads);

}  // namespace faultline
