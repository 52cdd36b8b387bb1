#pragma once

#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/target/clock.h"

namespace faultline {

// What one of several targets left, all its lives merged.
struct EvidenceOfTarget {
  Evidence evidence;
  Clock::time_point first_start;
};

// One evidence for all targets of a run; see Evidence::targets. A target that was never started is
// not among them; the first stands for a `subject` that was not.
Evidence MergeTargets(std::vector<EvidenceOfTarget> targets, const std::string& subject);

}  // namespace faultline
