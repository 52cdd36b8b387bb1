#pragma once

#include "harness/agent/decision.h"
#include "harness/agent/journal_writer.h"
#include "harness/agent/modules.h"
#include "harness/agent/patcher.h"
#include "harness/agent/stack.h"
#include "harness/protocol/plan.h"

namespace faultline::agent {

// The agent of this process. Filled by the constructor, never destroyed: hooks run until the last
// instruction of the process.
struct Agent {
  const protocol::PlanHeader* plan = nullptr;  // nullptr: there is no plan, nothing is hooked
  JournalWriter journal;
  Modules modules;
  StackWalker walker;
  Decision decision;
  Patcher patcher;

  bool HasFlag(protocol::PlanFlags flag) const { return (plan->flags & flag) != 0; }
};
extern constinit Agent the_agent;

}  // namespace faultline::agent
