#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/sweep/sweep.h"

namespace faultline {

// What a sweep would visit and how long that takes, for so many columns. `runs`: those of the
// store, by which their time is reckoned; without any by that of the fault-free run.
std::string TellDryRun(const SweepResult& result, const std::vector<StoredRun>& runs, int jobs,
                       size_t width);

// The same for programs. Schema, version 1 (harness/report/schema/dry-run.schema.json):
//   faultline_dry_run  1
//   scenario, program (the command adds them), jobs
//   unchanged          true: --changed-since left nothing to visit
//   unmatched          names of --caller and its like that match no place, told
//   plans, done        in all, and how many of them the store has
//   estimated_ms       of what is left, without confirming; 0 when nothing is
//   points             [{point, sites, plans}]: of what is left, the most plans first
//   visits             [{plan, site, point, place, function, file, line}], in the order of the
//                      sweep; the last three of the innermost frame with a line, if there is one
//   impossible         [{why, sites}]
//   fault_free_findings [{kind, title, signature}]: then nothing would be visited
// `sites` are those of the store; what of them a plan names is told with its place.
nlohmann::json DryRunToJson(const SweepResult& result, const std::vector<StoredRun>& runs,
                            const std::vector<StoredSite>& sites, int jobs);

}  // namespace faultline
