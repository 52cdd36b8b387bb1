#include "harness/agent/loader_hook.h"

#include <link.h>

#include <cstring>

#include "harness/agent/agent_state.h"

namespace faultline::agent {
namespace {

using protocol::kNone;

constexpr uint8_t kEndbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
constexpr uint8_t kRet = 0xc3;

// How assemblers pad up to the next function: nop, int3, and the starts of long nops (with
// prefixes).
bool IsPadding(const uint8_t* bytes) {
  return bytes[0] == 0x90 || bytes[0] == 0xcc || (bytes[0] == 0x0f && bytes[1] == 0x1f) ||
         (bytes[0] == 0x66 &&
          (bytes[1] == 0x66 || bytes[1] == 0x2e || bytes[1] == 0x90 || bytes[1] == 0x0f));
}

// The address of the function's `ret` when it is empty and the room up to the next multiple of 16
// holds a jump; 0 otherwise.
uint64_t PatchableReturn(uint64_t function) {
  const auto* code = reinterpret_cast<const uint8_t*>(function);
  if (std::memcmp(code, kEndbr64, sizeof(kEndbr64)) == 0) {
    code += sizeof(kEndbr64);
  }
  const auto address = reinterpret_cast<uint64_t>(code);
  const uint64_t room = 16 - address % 16;
  return *code == kRet && room >= kJumpSize && IsPadding(code + 1) ? address : 0;
}

void OnLoad(const LoadedModule& module) { the_agent.patcher.Install(module); }
void OnUnload(const LoadedModule& module) { the_agent.patcher.Forget(module); }

}  // namespace

void HookLoadedModules(bool announce_unplanned) {
  the_agent.modules.Update({&OnLoad, &OnUnload}, announce_unplanned);
}

const char* HookLoader() {
  const uint64_t address = PatchableReturn(_r_debug.r_brk);
  const uint32_t loader = the_agent.modules.Find(_r_debug.r_brk);
  if (address == 0 || loader == kNone) {
    return "objects loaded later cannot be hooked: _dl_debug_state is not an empty function";
  }
  const LoadedModule& module = the_agent.modules[loader];
  std::byte* stub = the_agent.patcher.arena().Allocate(kStubSize, module.begin, module.end);
  if (stub == nullptr) {
    return "objects loaded later cannot be hooked: no room near the loader";
  }
  MakeStub(stub, kLoaderHook);
  uint8_t jump[kJumpSize];
  if (!Arena::Seal(stub, kStubSize) || !MakeJump(jump, address, reinterpret_cast<uint64_t>(stub)) ||
      !CodeWriter().Write(module, address, jump)) {
    return "objects loaded later cannot be hooked: the loader's code cannot be changed";
  }
  return nullptr;
}

void OnLoaderEvent() {
  if (_r_debug.r_state == r_debug::RT_CONSISTENT && !the_agent.journal.is_child() &&
      the_agent.journal.InOwnProcess()) {
    HookLoadedModules(/*announce_unplanned=*/true);
  }
}

}  // namespace faultline::agent
