#pragma once

#include <sys/types.h>
#include <sys/user.h>

#include <cstdint>
#include <optional>

namespace faultline {

// A thread that called through a pointer which points to no code, as a null one. Unwinding has no
// tables for such a place and would lose the caller, whose return address lies on top of the stack.
// While this object lives, the registers of the thread are as they were before the call; the end
// puts them back. To be used by the thread that traces it, between two of its stops.
class WildCall {
 public:
  // nullopt when `tid`, which is ptrace-stopped by a signal, has done nothing of the kind.
  static std::optional<WildCall> Undo(pid_t tid);

  WildCall(WildCall&& other) noexcept;
  WildCall& operator=(WildCall&&) = delete;
  ~WildCall();

  uint64_t address() const { return called_.rip; }  // what was called

 private:
  WildCall(pid_t tid, const user_regs_struct& called) : tid_(tid), called_(called) {}

  pid_t tid_;  // 0: moved from
  user_regs_struct called_;
};

}  // namespace faultline
