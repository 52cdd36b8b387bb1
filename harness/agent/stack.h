#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "harness/agent/journal_writer.h"
#include "harness/agent/modules.h"
#include "harness/agent/unwind_rule.h"

namespace faultline::agent {

inline constexpr uint32_t kMaxRawFrames = 64;

// The return addresses from a hooked call outwards, innermost first, without frames of the agent.
struct RawStack {
  uint32_t depth = 0;
  bool truncated = false;
  uint64_t addresses[kMaxRawFrames];

  std::span<const uint64_t> frames() const { return {addresses, depth}; }
};

// A place in a function that has made a call: what an unwinder starts from.
struct UnwindStart {
  uint64_t return_address;
  uint64_t stack_pointer;  // as it is after the return
  uint64_t frame_pointer;  // rbp
};

// Walks call stacks by their unwind tables, as exceptions do, so that optimised code is no
// obstacle. What a table says of a return address is kept, which makes a frame cost about 10 ns
// instead of 200; frames that are beyond UnwindRule are left to libgcc's unwinder. Any thread, no
// lock, no allocation.
class StackWalker {
 public:
  constexpr StackWalker() = default;

  // `wrappers`: frames that do not count as part of a canonical stack. `site_depth`: how many
  // canonical frames make its hash. Addresses in [agent_begin, agent_end) are the agent's own.
  void Init(const Modules* modules, std::span<const protocol::PlanRange> wrappers,
            uint32_t site_depth, uint64_t agent_begin, uint64_t agent_end);

  // The stack of the calling thread from `start` on; at least its return address. False when it
  // took libgcc's unwinder.
  bool Walk(const UnwindStart& start, RawStack* stack);

  // Calls `visit` with each return address from `start` outwards, the agent's own ones too, and
  // with where on the stack it is, until that returns false. False when a frame is beyond the
  // rules.
  template <typename Visit>
  bool VisitReturns(const UnwindStart& start, Visit visit);

  void MakeCanonical(const RawStack& raw, CanonicalStack* stack) const;

  // Whether the address is in the agent itself: the return address of a function that a wrapped one
  // jumps to, for instance.
  bool IsOwn(uint64_t address) const { return address >= agent_begin_ && address < agent_end_; }

  // Whether the call that returns there is one of a wrapper.
  bool IsWrapper(uint64_t address) const { return modules_->InRanges(wrappers_, address - 1); }

 private:
  // A rule and the address it is for, written without a lock: `check` is address ^ rule, so that a
  // pair from two writers is seen not to belong together.
  struct Known {
    std::atomic<uint64_t> check;
    std::atomic<uint64_t> rule;
  };
  static constexpr uint64_t kKnownRules = 4096;

  // The return address that stood there before a probe did, see return_trace.h.
  static uint64_t BehindProbe(uint64_t address);
  // Where the walk goes on from a place whose code has this rule; false at the end of the stack.
  static bool StepOut(const UnwindRule& rule, UnwindStart* place);
  bool WalkByRules(const UnwindStart& start, RawStack* stack);
  void WalkByLibgcc(const UnwindStart& start, RawStack* stack) const;
  UnwindRule RuleAt(uint64_t pc);
  UnwindRule LookUpRule(uint64_t pc) const;

  const Modules* modules_ = nullptr;
  std::span<const protocol::PlanRange> wrappers_;
  uint32_t site_depth_ = protocol::kMaxFrames;
  uint64_t agent_begin_ = 0;
  uint64_t agent_end_ = 0;
  Known known_[kKnownRules] = {};
};

template <typename Visit>
bool StackWalker::VisitReturns(const UnwindStart& start, Visit visit) {
  for (UnwindStart place = start; place.return_address != 0;) {
    if (IsOwn(place.return_address)) {
      place.return_address = BehindProbe(place.return_address);
    }
    auto* slot = reinterpret_cast<uint64_t*>(place.stack_pointer - 8);
    if (!visit(place.return_address, slot)) {
      return true;
    }
    // The rule of the call itself: a call may be its function's last instruction.
    const UnwindRule rule = RuleAt(place.return_address - 1);
    if (rule.kind == UnwindRule::kUnknown) {
      return false;
    }
    if (!StepOut(rule, &place)) {
      return true;
    }
  }
  return true;
}

}  // namespace faultline::agent
