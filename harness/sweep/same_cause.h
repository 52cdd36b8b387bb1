#pragma once

#include <string>
#include <string_view>

#include "harness/store/records.h"

namespace faultline {

// True when two findings with these signatures are one bug, whatever failed before them.
bool IsSameCause(std::string_view a, std::string_view b);

// True when `run` shows the finding with `signature`, or one that the same fix ends (`cause`: see
// Finding::cause; "" = none but itself), whatever failed in it.
bool ShowsSameCause(const StoredRun& run, std::string_view signature, std::string_view cause = "");

}  // namespace faultline
