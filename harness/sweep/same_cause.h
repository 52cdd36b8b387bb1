#pragma once

#include <string>
#include <string_view>

#include "harness/store/records.h"

namespace faultline {

// `signature` without what it says of the call that was made to fail: equal for one bug that
// different failures, or none at all, bring about. Most signatures say nothing of that call and
// are returned as they are.
std::string SignatureWithoutFault(std::string_view signature);

// True when `run` shows the finding with `signature`, whatever failed in it.
bool ShowsSameCause(const StoredRun& run, std::string_view signature);

}  // namespace faultline
