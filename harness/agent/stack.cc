#include "harness/agent/stack.h"

#include <unwind.h>

#include "harness/protocol/site_hash.h"

namespace faultline::agent {
namespace {

using namespace protocol;

struct Walk {
  RawStack* stack;
  uint64_t begin;  // of the agent
  uint64_t end;
};

_Unwind_Reason_Code OnFrame(_Unwind_Context* context, void* argument) {
  auto& walk = *static_cast<Walk*>(argument);
  const uint64_t address = _Unwind_GetIP(context);
  if (address == 0) {
    return _URC_END_OF_STACK;
  }
  if (address >= walk.begin && address < walk.end) {
    return _URC_NO_REASON;
  }
  if (walk.stack->depth == kMaxRawFrames) {
    walk.stack->truncated = true;
    return _URC_END_OF_STACK;
  }
  walk.stack->addresses[walk.stack->depth++] = address;
  return _URC_NO_REASON;
}

}  // namespace

void StackWalker::Init(const Modules* modules, std::span<const PlanRange> wrappers,
                       uint32_t site_depth, uint64_t agent_begin, uint64_t agent_end) {
  modules_ = modules;
  wrappers_ = wrappers;
  site_depth_ = site_depth;
  agent_begin_ = agent_begin;
  agent_end_ = agent_end;
}

void StackWalker::Walk(uint64_t return_address, RawStack* stack) const {
  agent::Walk walk{stack, agent_begin_, agent_end_};
  stack->depth = 0;
  stack->truncated = false;
  // `_start` has no caller: what lies in the return address's place there is argc, and the unwinder
  // would read code from that address.
  if (modules_->Find(return_address - 1) != kNone) {
    _Unwind_Backtrace(&OnFrame, &walk);
  }
  if (stack->depth == 0 || stack->addresses[0] != return_address) {
    stack->depth = 1;
    stack->addresses[0] = return_address;
  }
}

void StackWalker::MakeCanonical(const RawStack& raw, CanonicalStack* stack) const {
  StackHash hash;
  stack->depth = 0;
  stack->truncated = raw.truncated;
  for (uint64_t address : raw.frames()) {
    // A call may be its function's last instruction, so the byte before the return address tells
    // which function made it.
    if (modules_->InRanges(wrappers_, address - 1)) {
      continue;
    }
    if (stack->depth == kMaxFrames) {
      stack->truncated = true;
      break;
    }
    const uint32_t index = modules_->Find(address - 1);
    const bool known = index != kNone;
    const uint64_t offset = known ? address - (*modules_)[index].base : 0;
    if (stack->depth < site_depth_) {
      known ? hash.AddFrame((*modules_)[index].name_hash, offset) : hash.AddUnknownFrame();
    }
    stack->frames[stack->depth++] =
        known ? PackFrame(index, offset) : address & ((uint64_t{1} << 48) - 1);
  }
  if (stack->depth == 0) {  // nothing but wrappers: the caller must do
    stack->frames[stack->depth++] = raw.addresses[0] & ((uint64_t{1} << 48) - 1);
    hash.AddUnknownFrame();
  }
  stack->hash = hash.value();
}

}  // namespace faultline::agent
