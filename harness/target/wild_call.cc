#include "harness/target/wild_call.h"

#include <sys/ptrace.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace faultline {
namespace {

std::optional<uint64_t> ReadWord(pid_t tid, uint64_t address) {
  errno = 0;
  const long word = ptrace(PTRACE_PEEKDATA, tid, address, nullptr);
  return errno == 0 ? std::optional(static_cast<uint64_t>(word)) : std::nullopt;
}

// Is there a call in front of `address`? Intel's manual, volume 2, CALL: E8 and 4 bytes, or FF with
// 2 in the middle of ModRM and 0 to 5 bytes behind that.
bool FollowsCall(pid_t tid, uint64_t address) {
  const std::optional<uint64_t> word = ReadWord(tid, address - sizeof(uint64_t));
  if (!word) {
    return false;
  }
  std::array<uint8_t, sizeof(uint64_t)> bytes;
  std::memcpy(bytes.data(), &*word, sizeof(*word));
  const auto back = [&](size_t count) { return bytes[bytes.size() - count]; };
  if (back(5) == 0xe8) {
    return true;
  }
  for (size_t size = 2; size <= 7; ++size) {
    if (back(size) == 0xff && (back(size - 1) & 0x38) == 0x10) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<WildCall> WildCall::Undo(pid_t tid) {
  siginfo_t info = {};
  user_regs_struct called = {};
  if (ptrace(PTRACE_GETSIGINFO, tid, nullptr, &info) != 0 ||
      ptrace(PTRACE_GETREGS, tid, nullptr, &called) != 0) {
    return std::nullopt;
  }
  // The access that faulted was that of the instruction itself. For an address that is no address
  // at all (not canonical) the processor does not say which.
  const bool fetch = (info.si_signo == SIGSEGV || info.si_signo == SIGBUS) && info.si_code > 0 &&
                     reinterpret_cast<uint64_t>(info.si_addr) == called.rip;
  const std::optional<uint64_t> caller = fetch ? ReadWord(tid, called.rsp) : std::nullopt;
  if (!caller || !FollowsCall(tid, *caller)) {
    return std::nullopt;
  }
  user_regs_struct before = called;
  before.rip = *caller;
  before.rsp += sizeof(uint64_t);
  if (ptrace(PTRACE_SETREGS, tid, nullptr, &before) != 0) {
    return std::nullopt;
  }
  return WildCall(tid, called);
}

WildCall::WildCall(WildCall&& other) noexcept
    : tid_(std::exchange(other.tid_, 0)), called_(other.called_) {}

WildCall::~WildCall() {
  if (tid_ != 0) {
    ptrace(PTRACE_SETREGS, tid_, nullptr, &called_);
  }
}

}  // namespace faultline
