#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/sweep/sweep.h"
#include "tools/sweep_report.h"

namespace faultline {

// For programs. Schema, version 2 (harness/report/schema/sweep.schema.json):
//   faultline_sweep  2
//   untried          findings, not in the baseline, that no runs were left to confirm
//   state            "finished"; "unfinished" while the sweep goes on, or when it was killed
//   plans, done_before, remaining, runs, elapsed_ms, census_ms, fault_free_ms, ms_per_run
//   outcomes         {outcome: runs}
//   unchanged        true: --changed-since left nothing to visit
//   unmatched        names of --caller and its like that match no place, told
//   interrupted      "SIGTERM"; only when a signal ended it
//   statuses         {status: findings}; see FindingStatus
//   findings         [{id, kind, title, signature, cause, status, known, new, note, reference,
//   runs, seen,
//                      sites, tries, confirmed, control {tries, seen},
//                      without_signal {tries, seen},
//                      proof {state: "not needed", "proven" or "missing", text, site},
//                      plan, scenario}]; only those that are new fail the command
//   causes           [{cause, findings [id]}]; findings that are fixed at one place
//   leaks_not_judged runs
//   gone             [{kind, signature, note, reference}]
//   not_visited      [{site, point, place}]
//   impossible       [{why, sites}]; calls that were left out
//   never_called     [point]; not_hooked [{point, why}]
//   lines            {executable, only_swept [range], never [range]}; with a coverage build
//   lost_signals     text; "" when the target lost no stop signal;
//   nondeterministic [text]; no_verdicts [text]; fault_free_findings [{kind, title, signature}]
nlohmann::json SweepToJson(const SweepReport& report, const SweepResult& result);

// The same of a store alone, without what only the sweep itself knows: how long it took, what it
// could not judge, what remains.
nlohmann::json StoreToJson(const SweepReport& report,
                           const std::map<std::string, size_t>& outcomes);

}  // namespace faultline
