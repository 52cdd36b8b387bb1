#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/planner/module_record.h"
#include "harness/planner/plan_file.h"
#include "harness/planner/planner.h"
#include "harness/planner/symbol_table.h"

namespace faultline {

// Makes one plan of what is known of the modules. Used once: MakePlan in planner.h is its
// interface.
class PlanMaker {
 public:
  // `points` are the request's and those of its faults, each once.
  PlanMaker(const PlanRequest& request, const std::vector<const FaultPoint*>& points,
            const std::vector<ModuleRecord>& records)
      : request_(request), points_(points), records_(records), symbols_(records) {}

  // The names that MakePlan must look up before Make().
  static SymbolQuery QueryFor(const PlanRequest& request,
                              const std::vector<const FaultPoint*>& points);

  Plan Make();

 private:
  struct HookUsers {
    const PlannedHook* hook = nullptr;
    std::vector<uint32_t> points;
    uint32_t observer = protocol::kNone;
  };

  // Looks `symbols` up in the modules whose base names begin with `module`, tells `use` each hook
  // and writes the coverage of `name`.
  template <typename Use>
  void Cover(const std::string& name, const std::vector<std::string>& symbols,
             const std::string& module, Use use);
  HookUsers& UsersOf(uint32_t module, const PlannedHook& hook);
  protocol::PlanPoint MakePoint(uint32_t index);
  uint32_t ErrorVariable(const std::string& name, const FaultPoint& point);
  protocol::PlanObserver MakeObserver(uint32_t index);
  protocol::PlanRule MakeRule(const Fault& fault);
  uint32_t IndexOfFault(const Fault& waiting) const;  // of the one that `waiting` names
  uint32_t RuleIndex(const Fault& fault) const;
  void AddRanges(const std::string& name, std::vector<protocol::PlanRange>& ranges) const;
  void AddEveryFunction();
  std::vector<protocol::PlanModule> MakeModules();
  std::vector<protocol::PlanHook> MakeHooks();
  void ExplainMissing();
  [[noreturn]] void ThrowNoHook(const Fault& fault);
  [[noreturn]] void ThrowNoCaller(const Fault& fault);

  const PlanRequest& request_;
  const std::vector<const FaultPoint*>& points_;
  const std::vector<ModuleRecord>& records_;
  SymbolTable symbols_;
  Plan plan_;
  PlanFile file_;
  std::vector<std::vector<PlannedHook>> every_function_;  // owns what hooks_ refers to
  // By module and place of the patch: functions with an endbr64 may have two entries for one patch.
  std::map<std::pair<uint32_t, uint64_t>, HookUsers> hooks_;
  std::vector<size_t> hooks_of_point_;
  std::vector<protocol::PlanErrorVariable> error_variables_;
  std::map<std::string, uint32_t> error_variable_of_;
};

}  // namespace faultline
