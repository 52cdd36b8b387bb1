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

// Can something of the process lie at `address`? Not below the first page, nor above what Linux
// gives to a process (x86-64, 4-level page tables), where constants are (ATTR_C11_THREAD of glibc
// is -1).
inline bool MayBeAddress(uint64_t address) {
  constexpr uint64_t kFirst = 4096;
  constexpr uint64_t kEnd = (uint64_t{1} << 47) - 4096;
  return address >= kFirst && address < kEnd;
}

// Whether the conditions hold for a call: each one that stands alone, and of each group at least
// one. Reads nothing but the arguments, what they point at, and what the kernel says of files;
// allocates nothing and leaves errno alone. Of what is no address (MayBeAddress) nothing holds.
bool ConditionsHold(std::span<const protocol::PlanCondition> conditions,
                    const CallArguments& arguments);

}  // namespace faultline::agent
