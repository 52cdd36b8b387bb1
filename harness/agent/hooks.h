#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "harness/protocol/journal.h"
#include "harness/protocol/plan.h"

namespace faultline::agent {

// What the fast path needs of one hook, beside its plan.
struct Hook {
  uint64_t trampoline;  // runs the original
  protocol::HookState* state;
  bool always_slow;  // every call needs more than being counted
  // Rules of any of its points, as in JournalHeader::armed.
  uint64_t rules[protocol::kMaxRules / 64];
  // When every call of the function counts for one rule and nothing else is to be asked of it, that
  // rule: the fast path counts the calls that it does not select. nullptr otherwise.
  const protocol::PlanRule* counting_rule;
  protocol::RuleState* rule_state;
  const protocol::PlanHook* plan;
};

// Whether the `number`th counted call is among those that the rule hits.
inline bool Selects(const protocol::PlanRule& rule, uint64_t number) {
  return number >= rule.first && number <= rule.last && (number - rule.first) % rule.step == 0;
}

// The index by which the stub of the dynamic loader's hook comes (see loader_hook.h).
inline constexpr uint32_t kLoaderHook = 0x7fffffff;

// Read by every hooked call; filled before the first hook is written, constant afterwards.
struct HookTable {
  Hook* hooks;
  const protocol::JournalHeader* journal;
  uint32_t armed_words;  // words of JournalHeader::armed that the plan's rules use
  bool inert;            // a child that must not be touched; its calls are not even counted
};
extern constinit HookTable hook_table;

}  // namespace faultline::agent
