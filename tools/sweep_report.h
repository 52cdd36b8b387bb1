#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/scenario/load_baseline.h"
#include "harness/store/store.h"
#include "harness/sweep/selection.h"
#include "harness/sweep/sweep.h"
#include "tools/sweep_findings.h"

namespace faultline {

// What a sweep has found, as far as its store and a baseline tell.
struct SweepReport {
  std::vector<SweepEntry> findings;
  std::vector<BaselineEntry> gone;      // of the baseline, not seen by a sweep that is complete
  size_t not_looked_at = 0;             // of the baseline, not seen, and no sign that they are gone
  std::vector<StoredSite> not_visited;  // selected sites without a run
  // Reasons why calls were not made to fail: they cannot; with how many places each.
  std::map<std::string, size_t> impossible;
  size_t sites = 0;                                // that stand for themselves
  size_t nested = 0;                               // parts of others
  std::vector<Store::Census::Point> never_called;  // hooked, but the scenario does not reach them
  std::vector<Store::Census::Point> not_hooked;    // with the reason
  std::vector<std::pair<std::string, std::string>> nondeterministic;
  // With a coverage build: see LineRanges. All lines are of functions that some run entered.
  std::vector<std::string> lines_only_swept;
  std::vector<std::string> lines_never;
  size_t lines = 0;
  size_t leaks_not_judged = 0;  // runs; see kLeaksNotJudged

  bool has_new() const;
  // Findings that are not known and were not tried again: what they are is open.
  size_t untried() const;
};

// `complete`: all that the baseline was made of was visited, so that what is in it and not here is
// gone.
// `assumed_too`: see FailsCommand.
// `impossible`: see SweepResult.
SweepReport MakeSweepReport(Store& store, const Selection& selection, const Baseline& baseline,
                            bool complete, bool assumed_too = false,
                            const std::map<std::string, std::string>& impossible = {});

// The summary for people, with tables of `table_width` columns and sentences that are broken at
// `width`; see harness/base/terminal.h. `data_words`: see DataWords.
std::string TellSweep(const SweepReport& report, const SweepResult& result,
                      const std::string& store_file, size_t table_width, size_t width,
                      const std::vector<std::string>& data_words = {});

// For programs. Schema, version 2 (harness/report/schema/sweep.schema.json):
//   faultline_sweep  2
//   untried          findings, not in the baseline, that no runs were left to confirm
//   state            "finished"; "unfinished" while the sweep goes on, or when it was killed
//   plans, done_before, remaining, runs, elapsed_ms, census_ms, fault_free_ms, ms_per_run
//   outcomes         {outcome: runs}
//   unchanged        true: --changed-since left nothing to visit
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
//   nondeterministic [text]; no_verdicts [text]; fault_free_findings [{kind, title, signature}]
nlohmann::json SweepToJson(const SweepReport& report, const SweepResult& result);

// The same of a store alone, without what only the sweep itself knows: how long it took, what it
// could not judge, what remains.
nlohmann::json StoreToJson(const SweepReport& report,
                           const std::map<std::string, size_t>& outcomes);

}  // namespace faultline
