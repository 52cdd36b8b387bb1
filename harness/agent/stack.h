#pragma once

#include <cstdint>
#include <span>

#include "harness/agent/journal_writer.h"
#include "harness/agent/modules.h"

namespace faultline::agent {

inline constexpr uint32_t kMaxRawFrames = 64;

// The return addresses from a hooked call outwards, innermost first, without frames of the agent.
struct RawStack {
  uint32_t depth = 0;
  bool truncated = false;
  uint64_t addresses[kMaxRawFrames];

  std::span<const uint64_t> frames() const { return {addresses, depth}; }
};

// Walks call stacks by their unwind tables (libgcc's unwinder, linked statically: about 0.2 us per
// frame, no lock, no allocation).
class StackWalker {
 public:
  constexpr StackWalker() = default;

  // `wrappers`: frames that do not count as part of a canonical stack. `site_depth`: how many
  // canonical frames make its hash. Addresses in [agent_begin, agent_end) are the agent's own.
  void Init(const Modules* modules, std::span<const protocol::PlanRange> wrappers,
            uint32_t site_depth, uint64_t agent_begin, uint64_t agent_end);

  // The stack of the thread that calls this, from `return_address` on; that alone where unwinding
  // does not lead to it.
  void Walk(uint64_t return_address, RawStack* stack) const;

  void MakeCanonical(const RawStack& raw, CanonicalStack* stack) const;

 private:
  const Modules* modules_ = nullptr;
  std::span<const protocol::PlanRange> wrappers_;
  uint32_t site_depth_ = protocol::kMaxFrames;
  uint64_t agent_begin_ = 0;
  uint64_t agent_end_ = 0;
};

}  // namespace faultline::agent
