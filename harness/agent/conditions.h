#pragma once

#include <cstdint>
#include <span>

#include "harness/protocol/plan.h"

namespace faultline::agent {

// Whether all conditions hold for a call with these integer arguments. Asks the kernel directly
// where a condition is about a file; a file that is not there does not hold.
bool ConditionsHold(std::span<const protocol::PlanCondition> conditions,
                    const uint64_t (&arguments)[6]);

}  // namespace faultline::agent
