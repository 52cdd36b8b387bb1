#pragma once

#include <string>
#include <vector>

#include "harness/scenario/load_baseline.h"
#include "harness/store/records.h"

namespace faultline {

// `findings` as a baseline file, without hangs that did not prove true. Notes and references of
// `known` ones are kept, and known ones that only come sometimes even when they are not among them.
std::string WriteBaseline(const std::vector<FindingGroup>& findings, const Baseline& known,
                          const std::string& scenario);

}  // namespace faultline
