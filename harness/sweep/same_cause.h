#pragma once

#include <string>
#include <string_view>

#include "harness/store/records.h"

namespace faultline {

// `signature` without what it says of the call that was made to fail: equal for one bug that
// different failures, or none at all, bring about. Most signatures say nothing of that call and
// are returned as they are.
std::string SignatureWithoutFault(std::string_view signature);

// True when two findings with these signatures are one bug, whatever failed before them.
bool IsSameCause(std::string_view a, std::string_view b);

// True when `run` shows the finding with `signature`, or one that the same fix ends (`cause`: see
// Finding::cause; "" = none but itself), whatever failed in it.
bool ShowsSameCause(const StoredRun& run, std::string_view signature, std::string_view cause = "");

}  // namespace faultline
