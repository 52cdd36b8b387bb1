#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/protocol/plan.h"

namespace faultline::agent {

// Makes plans by hand, so that the agent is tested without the planner. Only for functions that
// start with the eight nops of patchable_function_entry(8): they are displaced as they are.
class PlanBuilder {
 public:
  PlanBuilder();

  // Values to be set before Build.
  uint32_t flags = 0;
  uint32_t site_depth = 16;
  std::string journal_path;
  std::string fifo_prefix;
  std::string snapshot_path;

  // Each returns the index of what it added.
  uint32_t AddModule(const std::filesystem::path& path, bool is_main);
  uint32_t AddPoint(const std::string& name, uint64_t result, int errno_value,
                    std::vector<protocol::PlanCondition> conditions = {});
  // The point also sets the thread-local int `symbol` of the module to `value`.
  void SetErrorVariable(uint32_t point, uint32_t module, const std::string& symbol, int value);
  void WatchReturn(uint32_t point) { points_[point].plan.watch_return = 1; }
  void FailAfterCall(uint32_t point) { points_[point].plan.after_call = 1; }
  void FailByReplacing(uint32_t point, const protocol::PlanReplacement& replacement) {
    points_[point].replacements.push_back(replacement);
  }
  // Hooks of one module must be added one after the other.
  uint32_t AddHook(uint32_t module, const std::string& symbol, std::vector<uint32_t> points,
                   uint32_t observer = protocol::kNone);
  uint32_t AddRule(const protocol::PlanRule& rule, std::vector<protocol::PlanRange> callers = {});
  uint32_t AddObserver(const std::string& name, const protocol::PlanObserver& observer,
                       std::vector<protocol::PlanCondition> conditions = {},
                       std::vector<protocol::PlanRange> ignore_callers = {});
  void AddWrapper(const protocol::PlanRange& range);

  // The code of a function, for callers, wrappers and ignore_callers.
  protocol::PlanRange RangeOf(uint32_t module, const std::string& symbol) const;

  std::vector<std::byte> Build() const;

 private:
  struct Point {
    protocol::PlanPoint plan;
    std::string name;
    std::vector<protocol::PlanCondition> conditions;
    std::vector<protocol::PlanReplacement> replacements = {};
  };
  struct Hook {
    protocol::PlanHook plan;
    std::string symbol;
    std::vector<uint32_t> points;
  };
  struct Rule {
    protocol::PlanRule plan;
    std::vector<protocol::PlanRange> callers;
  };
  struct Observer {
    protocol::PlanObserver plan;
    std::string name;
    std::vector<protocol::PlanCondition> conditions;
    std::vector<protocol::PlanRange> ignore_callers;
  };

  class Image;  // the file under construction

  void AddModulesTo(Image& image, protocol::PlanHeader& header) const;
  void AddHooksTo(Image& image, protocol::PlanHeader& header) const;

  std::vector<std::filesystem::path> modules_;
  std::vector<bool> is_main_;
  std::vector<Point> points_;
  std::vector<Hook> hooks_;
  std::vector<protocol::PlanErrorVariable> error_variables_;
  std::vector<Rule> rules_;
  std::vector<Observer> observers_;
  std::vector<protocol::PlanRange> wrappers_;
};

// A plan with one of everything.
inline std::vector<std::byte> SoundPlan() {
  using namespace protocol;
  PlanBuilder plan;
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
  return plan.Build();
}

}  // namespace faultline::agent
