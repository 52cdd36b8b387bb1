// The agent's check of a plan file: after it every offset is used unchecked, inside the target.

#include <cstring>
#include <vector>

#include "harness/agent/plan_map.h"
#include "harness/agent/testing/plan_builder.h"
#include "harness/base/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // As mmap gives it: aligned.
  std::vector<uint64_t> aligned((size + 7) / 8);
  std::memcpy(aligned.data(), data, size);
  faultline::agent::CheckPlan(aligned.data(), size);
  return 0;
}

std::vector<std::string> faultline::testkit::FuzzSeeds() {
  using namespace faultline::protocol;
  faultline::agent::PlanBuilder plan;
  plan.journal_path = "/run/journal";
  const uint32_t module = plan.AddModule("/proc/self/exe", /*is_main=*/true);
  const uint32_t point = plan.AddPoint("a/b", 0, 12, {{PlanCondition::kArgHasBits, 5, 1}});
  plan.FailByReplacing(point, {});
  PlanObserver observer;
  observer.wrap = 1;
  observer.stack_words = 32;
  plan.AddHook(module, "main", {point},
               plan.AddObserver("o", observer, {{PlanCondition::kArgEquals, 0, 1}},
                                {plan.RangeOf(module, "main")}));
  PlanRule rule;
  rule.point = point;
  plan.AddRule(rule, {plan.RangeOf(module, "main")});
  plan.AddWrapper(plan.RangeOf(module, "main"));
  const std::vector<std::byte> bytes = plan.Build();
  return {{reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
}
