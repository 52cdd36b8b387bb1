#pragma once

#include <string>
#include <vector>

#include "harness/store/records.h"

namespace faultline {

// The runs of a sweep in which the target lost its stop signal, as one line: how many of those that
// were really made, and what was seen in the first. "" when there was none.
std::string TellLostSignals(const std::vector<StoredRun>& runs);

}  // namespace faultline
