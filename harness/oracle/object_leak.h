#pragma once

#include <vector>

#include "harness/oracle/oracle.h"

namespace faultline {

// Findings of kind `leak` about the objects that a run did not give back (see FindLeakedObjects):
// what one function forgets is one of them. Empty when such leaks cannot be judged.
std::vector<Finding> FindObjectLeaks(const Evidence& evidence, const OracleContext& context);

}  // namespace faultline
