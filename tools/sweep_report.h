#pragma once

#include <map>
#include <string>
#include <utility>
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
  size_t selected = 0;                             // of these
  size_t nested = 0;                               // parts of others
  std::vector<Store::Census::Point> never_called;  // hooked, but the scenario does not reach them
  std::vector<Store::Census::Point> not_hooked;    // with the reason
  std::vector<std::pair<std::string, std::string>> nondeterministic;
  // With a coverage build: see LineRanges. All lines are of functions that some run entered.
  std::vector<std::string> lines_only_swept;
  std::vector<std::string> lines_never;
  size_t lines = 0;
  size_t leaks_not_judged = 0;  // runs; see kLeaksNotJudged
  std::string lost_signals;     // see TellLostSignals

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

// "gone: crash: SIGSEGV @ f": the kind is told once, although most signatures begin with it.
std::string TellGone(const BaselineEntry& entry);

// Of the runs that this sweep has made; 0 when it made none.
double MsPerRun(const SweepResult& result);

std::vector<std::string> NamesOf(const std::vector<Store::Census::Point>& points);

}  // namespace faultline
