#include "harness/agent/patcher.h"

#include <algorithm>
#include <cstring>

#include "harness/agent/raw.h"
#include "harness/agent/stub.h"

namespace faultline::agent {
namespace {

using namespace protocol;

constexpr uint8_t kInt3 = 0xcc;

uint64_t Align16(uint64_t size) { return (size + 15) & ~uint64_t{15}; }

uint64_t BlockSize(const PlanHook& hook) { return kStubSize + Align16(hook.trampoline.count); }

bool Displacement(uint64_t next, uint64_t to, int32_t* displacement) {
  const auto distance = static_cast<int64_t>(to - next);
  *displacement = static_cast<int32_t>(distance);
  return distance == *displacement;
}

}  // namespace

void MakeStub(std::byte* at, uint32_t index) {
  uint8_t code[kStubSize];
  std::memset(code, kInt3, sizeof(code));
  const auto target = reinterpret_cast<uint64_t>(&faultline_stub);
  code[0] = 0x68;  // push imm32
  std::memcpy(code + 1, &index, sizeof(index));
  const uint8_t jump[] = {0xff, 0x25, 0x05, 0, 0, 0};  // jmp [rip + 5], which is aligned
  std::memcpy(code + 5, jump, sizeof(jump));
  std::memcpy(code + 16, &target, sizeof(target));
  std::memcpy(at, code, sizeof(code));
}

bool MakeJump(std::span<uint8_t> bytes, uint64_t from, uint64_t to) {
  int32_t displacement = 0;
  const bool in_reach = Displacement(from + kJumpSize, to, &displacement);
  std::memset(bytes.data(), kInt3, bytes.size());
  bytes[0] = 0xe9;  // jmp rel32
  std::memcpy(&bytes[1], &displacement, sizeof(displacement));
  return in_reach;
}

bool ApplyFixups(std::span<const PlanFixup> fixups, std::byte* at, uint64_t base) {
  for (const PlanFixup& fixup : fixups) {
    const uint64_t target = base + fixup.target;
    if (fixup.kind == PlanFixup::kAbsolute64) {
      std::memcpy(at + fixup.position, &target, sizeof(target));
      continue;
    }
    int32_t displacement = 0;
    if (!Displacement(reinterpret_cast<uint64_t>(at) + fixup.next, target, &displacement)) {
      return false;
    }
    std::memcpy(at + fixup.position, &displacement, sizeof(displacement));
  }
  return true;
}

void Patcher::Init(const PlanHeader* plan, std::span<Hook> hooks) {
  plan_ = plan;
  hooks_ = hooks;
}

std::span<Hook> Patcher::HooksOf(const LoadedModule& module) const {
  const uint32_t wanted = module.plan_module;  // hooks are sorted by module
  auto begin = std::partition_point(hooks_.begin(), hooks_.end(), [wanted](const Hook& hook) {
    return hook.plan->module < wanted;
  });
  auto end = std::partition_point(
      begin, hooks_.end(), [wanted](const Hook& hook) { return hook.plan->module == wanted; });
  return {begin, end};
}

void Patcher::Install(const LoadedModule& module) {
  const std::span<Hook> hooks = module.plan_module == kNone ? std::span<Hook>() : HooksOf(module);
  if (hooks.empty()) {
    return;
  }
  uint64_t size = 0;
  for (const Hook& hook : hooks) {
    size += BlockSize(*hook.plan);
  }
  std::byte* const block = arena_.Allocate(size, module.begin, module.end);
  std::byte* at = block;
  for (Hook& hook : hooks) {
    hook.state->status = block == nullptr ? HookStatus::kNoRoom : Prepare(module, hook, at);
    at += block == nullptr ? 0 : BlockSize(*hook.plan);
  }
  const bool sealed = block != nullptr && Arena::Seal(block, size);
  const CodeWriter writer;
  for (const Hook& hook : hooks) {
    if (hook.state->status.load() == HookStatus::kInstalled) {
      hook.state->status = sealed ? WriteEntry(module, hook, writer) : HookStatus::kNotWritable;
    }
  }
}

HookStatus Patcher::Prepare(const LoadedModule& module, Hook& hook, std::byte* at) {
  const PlanHook& plan = *hook.plan;
  const uint64_t address = module.base + plan.patch_at;
  if (address < module.begin || address + plan.original_size > module.end ||
      std::memcmp(reinterpret_cast<const void*>(address), plan.original, plan.original_size) != 0) {
    return HookStatus::kBytesDiffer;
  }
  std::byte* const trampoline = at + kStubSize;
  const std::span<const uint8_t> code = plan.trampoline.In(plan_);
  MakeStub(at, static_cast<uint32_t>(&hook - hooks_.data()));
  std::memcpy(trampoline, code.data(), code.size());
  if (!ApplyFixups(plan.fixups.In(plan_), trampoline, module.base)) {
    return HookStatus::kOutOfReach;
  }
  hook.trampoline = reinterpret_cast<uint64_t>(trampoline);
  return HookStatus::kInstalled;
}

HookStatus Patcher::WriteEntry(const LoadedModule& module, const Hook& hook,
                               const CodeWriter& writer) {
  uint8_t bytes[sizeof(PlanHook::original)];
  const std::span<uint8_t> patch(bytes, hook.plan->displaced);
  const uint64_t address = module.base + hook.plan->patch_at;
  if (!MakeJump(patch, address, hook.trampoline - kStubSize)) {
    return HookStatus::kOutOfReach;
  }
  return writer.Write(module, address, patch) ? HookStatus::kInstalled : HookStatus::kNotWritable;
}

void Patcher::Forget(const LoadedModule& module) {
  if (module.plan_module == kNone) {
    return;
  }
  for (const Hook& hook : HooksOf(module)) {
    if (hook.state->status.load() == HookStatus::kInstalled) {
      hook.state->status = HookStatus::kPending;
    }
  }
}

}  // namespace faultline::agent
