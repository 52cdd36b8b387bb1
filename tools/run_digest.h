#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/report/page_data.h"
#include "harness/report/report_files.h"
#include "harness/report/run_report.h"
#include "harness/report/sweep_digest.h"

namespace faultline {

// Of this program.
std::string_view OwnVersion();

// A run as a sweep that visited one place, for the report page.
SweepDigest DigestOf(const RunReport& report, std::string_view version);

// `one` behind `all`: a page of several scenarios. What several show by one cause stands together.
void Add(SweepDigest one, SweepDigest& all);

// How the findings of `report` are seen again: as many as its digest has. See PageOptions.
std::vector<std::pair<std::string, std::string>> CommandsOf(const RunReport& report);

// The page of a run.
std::string RunPage(const RunReport& report, std::string_view version);

// All that can be reported of one run. `report` outlives it.
ReportContent ContentOf(const RunReport& report, std::string_view version);

}  // namespace faultline
