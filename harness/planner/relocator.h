#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "harness/protocol/plan.h"

namespace faultline {

// How one function is patched: PlanHook without its module. `fixups` and `trampoline` as there.
struct HookRecipe {
  uint64_t entry = 0;
  uint64_t patch_at = 0;
  uint8_t displaced = 0;
  std::vector<uint8_t> original;
  std::vector<uint8_t> trampoline;
  std::vector<protocol::PlanFixup> fixups;

  uint64_t patch_end() const { return patch_at + displaced; }
  friend bool operator==(const HookRecipe&, const HookRecipe&);
};

// Why a function cannot be patched, in words for the user: "loop instruction in the prologue".
struct Refusal {
  std::string reason;
};

// The bytes of one function, and of what may be padding behind it.
struct FunctionCode {
  uint64_t entry = 0;
  uint64_t end = 0;                // the function's own, as its symbol says
  uint64_t limit = 0;              // >= end: the next function's entry or the section's end
  std::span<const uint8_t> bytes;  // from entry to limit, may be shorter
};

// Decides what a jump of five bytes at the function's entry (behind an endbr64) displaces, and
// makes the trampoline: the displaced instructions, relocated for any place within 2 GiB of the
// module, and a jump back. A displaced direct or indirect call becomes a push of its original
// return address and a jump, so that unwinders see the original frame (a hardware shadow stack
// would object; glibc before 2.39 never switches one on). Branches from elsewhere into the
// displaced bytes are not seen here, see code_sweep.h. Thread-safe.
std::variant<HookRecipe, Refusal> RelocatePrologue(const FunctionCode& code);

inline constexpr size_t kJumpSize = 5;  // jmp rel32

}  // namespace faultline
