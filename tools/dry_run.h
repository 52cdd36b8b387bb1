#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/sweep/sweep.h"

namespace faultline {

// What a sweep would visit and how long that takes, for so many columns. `runs`: those of the
// store, by which their time is reckoned; without any by that of the fault-free run.
std::string TellDryRun(const SweepResult& result, const std::vector<StoredRun>& runs, int jobs,
                       size_t width);

}  // namespace faultline
