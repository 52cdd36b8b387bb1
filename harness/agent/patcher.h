#pragma once

#include <cstdint>

#include "harness/agent/arena.h"
#include "harness/agent/code_writer.h"
#include "harness/agent/hooks.h"
#include "harness/agent/modules.h"

namespace faultline::agent {

// Bytes of a hook's own stub: push the index, jump to faultline_stub.
inline constexpr uint64_t kStubSize = 32;
inline constexpr uint64_t kJumpSize = 5;

// Writes the stub of hook `index` to `at`.
void MakeStub(std::byte* at, uint32_t index);

// Fills `bytes` with a jump from `from` to `to` and int3 behind it. False when `to` is out of
// reach.
bool MakeJump(std::span<uint8_t> bytes, uint64_t from, uint64_t to);

// Mends the trampoline's copy at `at` for a module loaded at `base`. False when a displaced operand
// lies out of reach.
bool ApplyFixups(std::span<const protocol::PlanFixup> fixups, std::byte* at, uint64_t base);

// Writes the plan's hooks into loaded modules and says in each HookState what became of it. One
// caller at a time, while no thread runs code of the module.
class Patcher {
 public:
  constexpr Patcher() = default;
  void Init(const protocol::PlanHeader* plan, std::span<Hook> hooks);

  // All hooks of `module`, which has just been loaded.
  void Install(const LoadedModule& module);
  // The module is gone, and its hooks with it.
  void Forget(const LoadedModule& module);

  Arena& arena() { return arena_; }

 private:
  std::span<Hook> HooksOf(const LoadedModule& module) const;
  // Fills the hook's place in the block, and tells what stands against it: kInstalled when nothing.
  protocol::HookStatus Prepare(const LoadedModule& module, Hook& hook, std::byte* at);
  protocol::HookStatus WriteEntry(const LoadedModule& module, const Hook& hook,
                                  const CodeWriter& writer);

  const protocol::PlanHeader* plan_ = nullptr;
  std::span<Hook> hooks_;
  Arena arena_;
};

}  // namespace faultline::agent
