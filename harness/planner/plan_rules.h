#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/protocol/plan.h"
#include "harness/scenario/model.h"

namespace faultline {

// `fault` as the agent takes it, without its point and callers, which need the target's symbols.
protocol::PlanRule RuleOf(const Fault& fault);

// "FILE:LINE:COLUMN: fault `ID`: TEXT" as a Failure (kBadInput).
[[noreturn]] void ThrowBadFault(const Fault& fault, const std::string& text);

}  // namespace faultline
