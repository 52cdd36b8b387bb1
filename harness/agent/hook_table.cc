#include "harness/agent/hook_table.h"

#include <algorithm>

#include "harness/agent/agent_state.h"
#include "harness/agent/heap.h"
#include "harness/agent/hooks.h"

namespace faultline::agent {
namespace {

using namespace protocol;

void FillHook(Hook& hook, const PlanHeader* plan) {
  hook.always_slow = hook.plan->observer != kNone;
  hook.counting_rule = nullptr;
  std::fill(std::begin(hook.rules), std::end(hook.rules), 0);
  for (uint32_t point : hook.plan->points.In(plan)) {
    hook.always_slow = hook.always_slow || the_agent.decision.NeedsEveryCall(point);
    for (uint32_t rule : the_agent.decision.RulesOf(point)) {
      hook.rules[rule / 64] |= uint64_t{1} << rule % 64;
    }
  }
  const std::span<const uint32_t> points = hook.plan->points.In(plan);
  const uint32_t rule =
      points.size() == 1 ? the_agent.decision.CountingRule(points.front()) : kNone;
  if (rule != kNone) {
    hook.counting_rule = &plan->rules.In(plan)[rule];
    hook.rule_state = &the_agent.journal.rules()[rule];
  }
}

uint32_t ArmedWords(const PlanHeader* plan) { return (plan->rules.count + 63) / 64; }

bool HookTheSame(const PlanHeader* one, const PlanHeader* other) {
  const auto of_one = one->hooks.In(one);
  const auto of_other = other->hooks.In(other);
  return std::equal(of_one.begin(), of_one.end(), of_other.begin(), of_other.end(),
                    [](const PlanHook& a, const PlanHook& b) {
                      return a.module == b.module && a.entry == b.entry &&
                             a.observer == b.observer && a.points.count == b.points.count;
                    }) &&
         one->points.count == other->points.count && one->modules.count == other->modules.count &&
         one->observers.count == other->observers.count;
}

}  // namespace

const char* FillHookTable(const PlanHeader* plan) {
  const size_t count = plan->hooks.count;
  auto* hooks = static_cast<Hook*>(agent_heap.Allocate(count * sizeof(Hook)));
  if (hooks == nullptr) {
    return "no memory for the hooks";
  }
  for (uint32_t i = 0; i < count; ++i) {
    hooks[i].plan = &plan->hooks.In(plan)[i];
    hooks[i].state = &the_agent.journal.hooks()[i];
    FillHook(hooks[i], plan);
  }
  hook_table = {hooks, the_agent.journal.header(), ArmedWords(plan), false};
  the_agent.patcher.Init(plan, {hooks, count});
  return nullptr;
}

const char* FollowOtherPlan(const PlanHeader* plan) {
  if (!HookTheSame(the_agent.plan, plan)) {
    return "the other plan has other hooks";
  }
  if (!the_agent.decision.Init(plan, &the_agent.journal, &the_agent.modules)) {
    return "no memory for the decision table";
  }
  for (uint32_t i = 0; i < plan->hooks.count; ++i) {
    hook_table.hooks[i].plan = &plan->hooks.In(plan)[i];
    FillHook(hook_table.hooks[i], plan);
  }
  hook_table.armed_words = ArmedWords(plan);
  // For objects that are loaded later.
  the_agent.modules.Init(plan, &the_agent.journal);
  the_agent.patcher.Init(plan, {hook_table.hooks, plan->hooks.count});
  the_agent.plan = plan;
  return nullptr;
}

}  // namespace faultline::agent
