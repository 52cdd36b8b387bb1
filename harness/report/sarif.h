#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/report/ci_report.h"

namespace faultline {

// A SARIF 2.1.0 log with one run and one result for each finding. A rule is a kind of finding and
// the point that failed ("leak/dpdk/ring/create"), and means the same in every version. A result's
// fingerprint "faultline/v1" is the id of its finding, the same in every build as long as the bug
// is. What does not fail the command is a warning, or a note when it is not to be believed; what a
// baseline knows is "unchanged".
//
// `source`, when it is not empty, is the root of the target's source tree: files that lie below it
// are given relative to it (uriBaseId SRCROOT), as code hosts want them; others by their absolute
// path, or as debug information has them.
nlohmann::json SarifLog(const CiReport& report, const std::filesystem::path& source);

}  // namespace faultline
