#pragma once

#include <functional>
#include <vector>

#include "harness/oracle/oracle.h"

namespace faultline {

using JudgeOne = std::function<std::vector<Finding>(const Evidence&, const OracleContext&)>;

// Judges a run that started its target more than once: each life by itself, against the same life
// of the fault-free run, and what the lives leave behind against each other. A life in which no
// fault hit owes what a fault-free one does, whatever happened to an earlier one: that is what a
// second start is for. But what an earlier life was to keep need not be there when that one said
// that it failed, or broke down (OracleContext::lost_before): that it is not is the same story. A
// finding that an earlier life has too is told once.
std::vector<Finding> JudgeLives(const Evidence& evidence, const OracleContext& context,
                                const JudgeOne& judge);

}  // namespace faultline
