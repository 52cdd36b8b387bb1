#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/planner/absence.h"
#include "harness/planner/plan_maker.h"
#include "harness/planner/plan_rules.h"
#include "harness/scenario/nearest_word.h"

// The part of PlanMaker that turns faults into rules, and explains why one cannot be.
namespace faultline {
namespace {

using protocol::PlanRange;
using protocol::PlanRule;
using Status = PointCoverage::Status;

}  // namespace

uint32_t PlanMaker::IndexOfFault(const Fault& waiting) const {
  for (uint32_t i = 0; i < request_.faults.size(); ++i) {
    const Fault* other = request_.faults[i];
    if (other->id == waiting.after && other != &waiting) {
      return i;
    }
  }
  ThrowBadFault(waiting,
                fmt::format("it comes after fault `{}`, which is not in this run", waiting.after));
}

PlanRule PlanMaker::MakeRule(const Fault& fault) {
  auto point = std::find_if(points_.begin(), points_.end(), [&](const FaultPoint* candidate) {
    return candidate->name == fault.point;
  });
  PlanRule rule = RuleOf(fault);
  rule.point = static_cast<uint32_t>(point - points_.begin());
  if (hooks_of_point_[rule.point] == 0) {
    ThrowNoHook(fault);
  }
  if (!fault.after.empty()) {
    rule.after = IndexOfFault(fault);
  }
  std::vector<PlanRange> callers;
  for (const std::string& caller : fault.callers) {
    size_t before = callers.size();
    AddRanges(caller, callers);
    if (callers.size() == before) {
      plan_.notes.push_back(
          fmt::format("caller `{}` of fault `{}` is not in this program", caller, fault.id));
    }
  }
  if (callers.empty() && !fault.callers.empty()) {
    ThrowNoCaller(fault);
  }
  rule.callers = file_.Add(callers);
  rule.after = RuleIndex(fault);
  return rule;
}

// The rule of the fault that `fault` waits for.
uint32_t PlanMaker::RuleIndex(const Fault& fault) const {
  if (fault.after.empty()) {
    return protocol::kNone;
  }
  const auto found =
      std::find_if(request_.faults.begin(), request_.faults.end(),
                   [&](const Fault* candidate) { return candidate->id == fault.after; });
  if (found == request_.faults.end()) {
    ThrowBadFault(fault, fmt::format("it waits for fault `{}`, which there is not", fault.after));
  }
  return static_cast<uint32_t>(found - request_.faults.begin());
}

void PlanMaker::ExplainMissing() {
  std::set<std::string> names;
  for (const PointCoverage& coverage : plan_.coverage) {
    if (coverage.status == Status::kMissing) {
      names.insert(coverage.symbol);
    }
  }
  auto inlined = FindInlined(records_, names);
  for (PointCoverage& coverage : plan_.coverage) {
    auto found = inlined.find(coverage.symbol);
    if (coverage.status == Status::kMissing && found != inlined.end()) {
      coverage.status = Status::kInlined;
      coverage.module = found->second.module;
      coverage.reason = found->second.Text();
    }
  }
}

void PlanMaker::ThrowNoHook(const Fault& fault) {
  ExplainMissing();
  std::vector<std::string> lines;
  for (const PointCoverage& coverage : plan_.coverage) {
    if (coverage.point == fault.point) {
      lines.push_back(fmt::format("{}: {}{}", coverage.symbol, ToString(coverage.status),
                                  coverage.reason.empty() ? "" : " (" + coverage.reason + ")"));
    }
  }
  ThrowBadFault(fault, fmt::format("point `{}` has no hook in this program. {}. Searched: {}",
                                   fault.point, fmt::join(lines, "; "), ModuleList(records_)));
}

void PlanMaker::ThrowNoCaller(const Fault& fault) {
  const auto inlined = FindInlined(records_, {fault.callers.begin(), fault.callers.end()});
  if (!inlined.empty()) {
    const auto& [name, function] = *inlined.begin();
    ThrowBadFault(fault,
                  fmt::format("caller `{}`: {}; expected a function that has, as "
                              "`callers: [{}]`. Searched: {}",
                              name, function.Text(), *function.into.begin(), ModuleList(records_)));
  }
  ThrowBadFault(fault, fmt::format("caller `{}` is no function of this program{}. Searched: {}",
                                   fmt::join(fault.callers, "`, `"),
                                   DidYouMean(fault.callers.front(), AllFunctionNames(records_)),
                                   ModuleList(records_)));
}

}  // namespace faultline
