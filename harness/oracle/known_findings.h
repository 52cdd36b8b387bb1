#pragma once

#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/load_baseline.h"

namespace faultline {

// Marks the findings that `baseline` knows by their signature, with its note and reference. Returns
// the entries that should have come and did not: what they name is fixed, or was not reached.
std::vector<BaselineEntry> ApplyBaseline(const Baseline& baseline, std::vector<Finding>& findings);

}  // namespace faultline
