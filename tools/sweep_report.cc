#include "tools/sweep_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/store/lost_signals.h"

namespace faultline {

bool SweepReport::has_new() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const SweepEntry& entry) { return entry.is_new; });
}

size_t SweepReport::untried() const {
  return static_cast<size_t>(
      std::count_if(findings.begin(), findings.end(), [](const SweepEntry& entry) {
        return entry.known == nullptr && StatusOf(entry.group) == FindingStatus::kNotTried;
      }));
}

SweepReport MakeSweepReport(Store& store, const Selection& selection, const Baseline& baseline,
                            bool complete, bool assumed_too,
                            const std::map<std::string, std::string>& impossible) {
  SweepReport report;
  report.findings = MakeSweepEntries(store.Findings(), baseline, assumed_too);
  std::set<std::string> seen;
  for (const SweepEntry& entry : report.findings) {
    seen.insert(entry.group.signature);
  }
  std::vector<BaselineEntry> gone = baseline.Gone(seen);
  if (complete) {
    report.gone = std::move(gone);
  } else {
    report.not_looked_at = gone.size();
  }
  std::set<std::string> visited;
  const std::vector<StoredRun> runs = store.Runs();
  report.lost_signals = TellLostSignals(runs);
  for (const StoredRun& run : runs) {
    visited.insert(run.site);
    report.leaks_not_judged += run.note == kLeaksNotJudged ? 1 : 0;
  }
  for (const auto& [site, why] : impossible) {
    visited.insert(site);
    ++report.impossible[why];
  }
  for (StoredSite& site : store.Sites()) {
    ++(site.nested_in.empty() ? report.sites : report.nested);
    if (!selection.SelectsSite(site)) {
      continue;
    }
    ++report.selected;
    if (site.seen_after.empty() && !visited.contains(site.hash)) {
      report.not_visited.push_back(std::move(site));
    }
  }
  for (Store::Census::Point& point : store.Points()) {
    if (point.status == "never called") {
      report.never_called.push_back(std::move(point));
    } else if (point.status != "called") {
      report.not_hooked.push_back(std::move(point));
    }
  }
  report.nondeterministic = store.Nondeterministic();
  const std::vector<StoredLine> lines = store.Lines();
  report.lines = lines.size();
  report.lines_only_swept = LineRanges(lines, StoredLine::Reached::kSwept);
  report.lines_never = LineRanges(lines, StoredLine::Reached::kNever);
  return report;
}

std::string TellGone(const BaselineEntry& entry) {
  return entry.signature.starts_with(entry.kind + ":")
             ? "gone: " + entry.signature
             : fmt::format("gone: {}: {}", entry.kind, entry.signature);
}

double MsPerRun(const SweepResult& result) {
  return result.runs == 0
             ? 0.0
             : static_cast<double>(result.elapsed_ms) / static_cast<double>(result.runs);
}

std::vector<std::string> NamesOf(const std::vector<Store::Census::Point>& points) {
  std::vector<std::string> names;
  for (const Store::Census::Point& point : points) {
    names.push_back(point.name);
  }
  return names;
}

}  // namespace faultline
