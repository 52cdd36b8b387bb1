#include "harness/agent/stack.h"

#include <unwind.h>

#include "harness/agent/return_trace.h"
#include "harness/protocol/site_hash.h"

namespace faultline::agent {
namespace {

using namespace protocol;

// Adds a frame; false when there is no room.
bool Push(RawStack* stack, uint64_t address) {
  if (stack->depth == kMaxRawFrames) {
    stack->truncated = true;
    return false;
  }
  stack->addresses[stack->depth++] = address;
  return true;
}

uint64_t WordAt(uint64_t address) { return *reinterpret_cast<const uint64_t*>(address); }

struct LibgccWalk {
  RawStack* stack;
  uint64_t start;  // frames inside it are passed over
  bool started;
  uint64_t agent_begin;
  uint64_t agent_end;
};

_Unwind_Reason_Code OnFrame(_Unwind_Context* context, void* argument) {
  auto& walk = *static_cast<LibgccWalk*>(argument);
  int after_signal = 0;  // the frame that a signal interrupted: a walk by rules ends before it too
  const uint64_t address = _Unwind_GetIPInfo(context, &after_signal);
  if (address == 0 || after_signal != 0) {
    return _URC_END_OF_STACK;
  }
  walk.started = walk.started || address == walk.start;
  const bool own = address >= walk.agent_begin && address < walk.agent_end;
  return !walk.started || own || Push(walk.stack, address) ? _URC_NO_REASON : _URC_END_OF_STACK;
}

// The header is null for a module without tables.
UnwindTables FindUnwindTables(const LoadedModule& module) {
  UnwindTables tables;
  const std::span segments(module.segments, module.segment_count);
  uint64_t header = 0;
  for (const ElfW(Phdr) & segment : segments) {
    if (segment.p_type == PT_GNU_EH_FRAME) {
      header = segment.p_vaddr;
      tables.header = reinterpret_cast<const uint8_t*>(module.base + header);
    }
  }
  for (const ElfW(Phdr) & segment : segments) {
    if (segment.p_type == PT_LOAD && header - segment.p_vaddr < segment.p_memsz) {
      tables.begin = reinterpret_cast<const uint8_t*>(module.base + segment.p_vaddr);
      tables.end = tables.begin + segment.p_memsz;
    }
  }
  return tables;
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

bool StackWalker::Walk(const UnwindStart& start, RawStack* stack) {
  const bool by_rules = WalkByRules(start, stack);
  if (!by_rules) {
    WalkByLibgcc(start, stack);
  }
  if (stack->depth == 0) {
    Push(stack, start.return_address);
  }
  return by_rules;
}

// False when a frame on the way is beyond the rules.
bool StackWalker::WalkByRules(const UnwindStart& start, RawStack* stack) {
  stack->depth = 0;
  stack->truncated = false;
  return VisitReturns(start, [this, stack](uint64_t address, const uint64_t*) {
    return IsOwn(address) || Push(stack, address);
  });
}

uint64_t StackWalker::BehindProbe(uint64_t address) { return ThroughProbe(address); }

bool StackWalker::StepOut(const UnwindRule& rule, UnwindStart* place) {
  uint64_t cfa = static_cast<uint64_t>(int64_t{rule.cfa_offset});
  switch (rule.kind) {
    case UnwindRule::kUnknown:
    case UnwindRule::kOutermost:
      return false;
    case UnwindRule::kFromStack:
      cfa += place->stack_pointer;
      break;
    case UnwindRule::kFromFrame:
      cfa += place->frame_pointer;
      break;
    case UnwindRule::kFromRealigned:
      if (place->frame_pointer < place->stack_pointer || place->frame_pointer % 8 != 0) {
        return false;
      }
      cfa = WordAt(cfa + place->frame_pointer);
      place->frame_pointer = WordAt(place->frame_pointer);
      break;
  }
  // Callers' frames lie further up; anything else is not a stack.
  if (cfa <= place->stack_pointer || cfa % 8 != 0) {
    return false;
  }
  place->return_address = WordAt(cfa - 8);
  if (rule.frame_saved) {
    place->frame_pointer = WordAt(cfa + static_cast<uint64_t>(int64_t{rule.frame_offset}));
  }
  place->stack_pointer = cfa;
  return true;
}

UnwindRule StackWalker::RuleAt(uint64_t pc) {
  // Addresses have 47 bits; the rest tells what was loaded when the rule was looked up.
  const uint64_t key = pc ^ uint64_t { modules_->generation() } << 48;
  Known& known = known_[HashMix(0, key) % kKnownRules];
  const uint64_t stored = known.rule.load(std::memory_order_relaxed);
  if ((known.check.load(std::memory_order_relaxed) ^ stored) == key) {
    return UnwindRule::Unpack(stored);
  }
  const UnwindRule rule = LookUpRule(pc);
  const uint64_t packed = rule.Pack();
  known.rule.store(packed, std::memory_order_relaxed);
  known.check.store(key ^ packed, std::memory_order_relaxed);
  return rule;
}

UnwindRule StackWalker::LookUpRule(uint64_t pc) const {
  const uint32_t index = modules_->Find(pc);
  if (index != kNone) {
    if (const UnwindTables tables = FindUnwindTables((*modules_)[index]);
        tables.header != nullptr) {
      return FindUnwindRule(tables, pc);
    }
  }
  // No tables, no way further: the end of the stack, as for libgcc.
  UnwindRule rule;
  rule.kind = UnwindRule::kOutermost;
  return rule;
}

void StackWalker::WalkByLibgcc(const UnwindStart& start, RawStack* stack) const {
  LibgccWalk walk{stack, start.return_address, false, agent_begin_, agent_end_};
  stack->depth = 0;
  stack->truncated = false;
  _Unwind_Backtrace(&OnFrame, &walk);
}

void StackWalker::MakeCanonical(const RawStack& raw, CanonicalStack* stack) const {
  StackHash hash;
  stack->depth = 0;
  stack->truncated = raw.truncated;
  for (uint64_t address : raw.frames()) {
    // A call may be its function's last instruction, so the byte before the return address tells
    // which function made it.
    if (IsWrapper(address)) {
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
