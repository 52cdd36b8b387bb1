#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "harness/report/report_files.h"
#include "harness/report/run_report.h"
#include "harness/report/sweep_digest.h"

namespace faultline {

// Of this program.
std::string_view OwnVersion();

// A run as a sweep that visited one place, for the report page.
SweepDigest DigestOf(const RunReport& report, std::string_view version);

// `one` behind `all`: a page of several scenarios.
void Add(SweepDigest one, SweepDigest& all);

// The page of runs.
std::string RunPage(const SweepDigest& digest);

// All that can be reported of one run. `report` outlives it.
ReportContent ContentOf(const RunReport& report, std::string_view version);

}  // namespace faultline
