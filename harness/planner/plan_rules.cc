#include "harness/planner/plan_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/failure.h"

namespace faultline {

using protocol::PlanRule;

namespace {

PlanRule::Action ActionOf(const Fault& fault) {
  switch (fault.action) {
    case Fault::Action::kSignal:
      return PlanRule::kSignal;
    case Fault::Action::kRpc:
    case Fault::Action::kDropConnection:
    case Fault::Action::kDelay:
    case Fault::Action::kSteps:
    case Fault::Action::kHold:
      return PlanRule::kStop;
    case Fault::Action::kFail:
      break;
  }
  return PlanRule::kFail;
}

}  // namespace

protocol::PlanRule RuleOf(const Fault& fault) {
  PlanRule rule;
  rule.action = ActionOf(fault);
  rule.signal = fault.signal;
  switch (fault.phase) {
    case Fault::Phase::kAny:
      rule.phase = PlanRule::kAnyPhase;
      break;
    case Fault::Phase::kBeforeMain:
      rule.phase = PlanRule::kBeforeMain;
      break;
    case Fault::Phase::kAfterMain:
      rule.phase = PlanRule::kAfterMain;
      break;
  }
  rule.site = fault.site;
  rule.first = fault.first;
  rule.last = fault.last;
  rule.step = fault.step;
  if (fault.first < 1 || fault.step < 1 || fault.last < fault.first) {
    ThrowBadFault(fault,
                  fmt::format("calls {} to {} in steps of {} are no range; expected 1 or more",
                              fault.first, fault.last, fault.step));
  }
  if (fault.probability) {
    if (!(*fault.probability > 0 && *fault.probability <= 1)) {
      ThrowBadFault(fault,
                    fmt::format("probability {} is out of range; expected above 0, at most 1",
                                *fault.probability));
    }
    constexpr double kUnit = 9007199254740992.0;  // 2^53
    rule.chance = std::max<uint64_t>(1, static_cast<uint64_t>(*fault.probability * kUnit));
    rule.seed = fault.seed;
  }
  rule.caller_depth = fault.direct_caller ? PlanRule::kDirectCaller : PlanRule::kAnyFrame;
  rule.armed_at_start = fault.armed_at_start ? 1 : 0;
  rule.result_override = fault.result.value_or(0);
  rule.errno_override = fault.errno_value.value_or(0);
  rule.has_override = (fault.result ? 1u : 0u) | (fault.errno_value ? 2u : 0u);
  return rule;
}

void ThrowBadFault(const Fault& fault, const std::string& text) {
  std::string position = fault.position.ToString();
  throw Failure::BadInput(fmt::format("{}{}fault `{}`: {}", position, position.empty() ? "" : ": ",
                                      fault.id.empty() ? fault.point : fault.id, text));
}

}  // namespace faultline
