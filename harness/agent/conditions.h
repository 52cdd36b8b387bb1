#pragma once

#include <cstdint>
#include <span>

#include "harness/protocol/plan.h"

namespace faultline::agent {

// The integer arguments of a call.
struct CallArguments {
  const uint64_t* registers;        // the first six
  const uint64_t* stack = nullptr;  // those behind them, 8 bytes each; nullptr: not known
};

// Whether the conditions hold for a call: each one that stands alone, and of each group at least
// one. Reads nothing but the arguments, what they point at, and what the kernel says of files;
// allocates nothing and leaves errno alone. What cannot be read, a null pointer, does not hold.
bool ConditionsHold(std::span<const protocol::PlanCondition> conditions,
                    const CallArguments& arguments);

}  // namespace faultline::agent
