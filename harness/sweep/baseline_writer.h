#pragma once

#include <string>
#include <vector>

#include "harness/scenario/load_baseline.h"
#include "harness/store/records.h"

namespace faultline {

// `findings` as a baseline file; notes and references of `known` ones are kept.
std::string WriteBaseline(const std::vector<FindingGroup>& findings, const Baseline& known,
                          const std::string& scenario);

}  // namespace faultline
