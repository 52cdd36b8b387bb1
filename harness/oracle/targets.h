#pragma once

#include <functional>
#include <vector>

#include "harness/oracle/oracle.h"

namespace faultline {

// Judges a run of several targets: each by itself, with its own profile and catalogue, against the
// same target of the fault-free run. Findings name their target. What is wrong with one target
// explains that the run did not go as written for another.
std::vector<Finding> JudgeTargets(
    const Evidence& evidence, const OracleContext& context,
    const std::function<std::vector<Finding>(const Evidence&, const OracleContext&)>& judge);

}  // namespace faultline
