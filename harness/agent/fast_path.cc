#include "harness/agent/hooks.h"
#include "harness/agent/stub.h"
#include "harness/agent/thread_state.h"

// Every call of a hooked function passes here, with vector registers still holding its arguments:
// this file is built with -mgeneral-regs-only and calls nothing.
namespace faultline::agent {

constinit HookTable hook_table = {};

namespace {

// Returned in rax and rdx.
struct FastAnswer {
  uint64_t trampoline;
  uint64_t slow;
};

bool AnyRuleArmed(const Hook& hook) {
  for (uint32_t word = 0; word < hook_table.armed_words; ++word) {
    if ((hook.rules[word] & hook_table.journal->armed[word].load(std::memory_order_relaxed)) != 0) {
      return true;
    }
  }
  return false;
}

// Counts the call for the hook's rule, unless the rule selects it: true when it was counted. Saves
// a pool's dequeue, of which a start of spdk_tgt makes half a million, the vector registers.
bool CountUnselected(const Hook& hook) {
  std::atomic<uint64_t>& counted = hook.rule_state->counted;
  uint64_t before = counted.load(std::memory_order_relaxed);
  do {
    if (Selects(*hook.counting_rule, before + 1)) {
      return false;
    }
  } while (!counted.compare_exchange_weak(before, before + 1, std::memory_order_relaxed));
  return true;
}

}  // namespace

extern "C" __attribute__((visibility("hidden"))) FastAnswer faultline_fast_path(uint32_t index) {
  if (index == kLoaderHook) {
    const bool pass = this_thread.busy != 0 || hook_table.inert;
    return {reinterpret_cast<uint64_t>(&faultline_return), pass ? 0u : 1u};
  }
  const Hook& hook = hook_table.hooks[index];
  if (this_thread.busy != 0 || hook_table.inert) {
    return {hook.trampoline, 0};
  }
  hook.state->calls.fetch_add(1, std::memory_order_relaxed);
  const bool slow = hook.always_slow || (AnyRuleArmed(hook) &&
                                         (hook.counting_rule == nullptr || !CountUnselected(hook)));
  return {hook.trampoline, slow ? 1u : 0u};
}

}  // namespace faultline::agent
