#pragma once

#include "harness/protocol/plan.h"

namespace faultline::agent {

// Fills hook_table for `plan`, which the agent's decisions follow already. nullptr, or why not.
const char* FillHookTable(const protocol::PlanHeader* plan);

// From here on `plan` is followed: the same hooks and points as before, with other rules. Only
// while no other thread goes on. nullptr, or why not.
const char* FollowOtherPlan(const protocol::PlanHeader* plan);

}  // namespace faultline::agent
