#include "tools/sweep_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "harness/base/shell_words.h"
#include "harness/report/wrap.h"

namespace faultline {
namespace {

constexpr size_t kMostNames = 12;

// "a, b, c and 7 more"
std::string Names(const std::vector<std::string>& names) {
  const std::vector<std::string> first(
      names.begin(),
      names.begin() + static_cast<std::ptrdiff_t>(std::min(kMostNames, names.size())));
  std::string text = fmt::format("{}", fmt::join(first, ", "));
  if (names.size() > kMostNames) {
    text += fmt::format(" and {} more", names.size() - kMostNames);
  }
  return text;
}

// "libc/file/open (4)", the most frequent first.
std::vector<std::string> Counted(const std::map<std::string, int>& counts) {
  std::vector<std::pair<int, std::string>> by_count;
  by_count.reserve(counts.size());
  for (const auto& [name, count] : counts) {
    by_count.emplace_back(-count, fmt::format("{} ({})", name, count));
  }
  std::sort(by_count.begin(), by_count.end());
  std::vector<std::string> names;
  for (auto& [count, name] : by_count) {
    names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> PointsOf(const std::vector<StoredSite>& sites) {
  std::map<std::string, int> counts;
  for (const StoredSite& site : sites) {
    ++counts[site.point];
  }
  return Counted(counts);
}

// Where an allocator asks for more memory, say, and which of two threads is first, is chance: a few
// such sites are news, of many the points are.
std::string TellNondeterministic(const SweepReport& report) {
  constexpr size_t kMostInFull = 3;
  std::string in_full;
  std::map<std::string, int> counts;
  for (const auto& [hash, what] : report.nondeterministic) {
    in_full += "nondeterministic: " + what + "\n";
    ++counts[what.substr(0, what.find(" @ "))];
  }
  return report.nondeterministic.size() <= kMostInFull
             ? in_full
             : fmt::format(
                   "nondeterministic: {} sites were not reached in every fault-free run: {} (each "
                   "with its place: --json, and the page)\n",
                   report.nondeterministic.size(), Names(Counted(counts)));
}

// Each once: two fault-free runs may both have failed.
std::string TellFaultFree(const std::vector<Finding>& findings) {
  std::string text = "the fault-free run already fails; nothing else was done:\n";
  std::set<std::string> told;
  for (const Finding& finding : findings) {
    if (told.insert(finding.signature).second) {
      text += fmt::format("  {}: {}\n", finding.kind, finding.title);
      for (const std::string& line : finding.details) {
        text += fmt::format("    {}\n", line);
      }
    }
  }
  return text;
}

std::string TellLines(const SweepReport& report) {
  if (report.lines == 0) {
    return "";
  }
  return fmt::format(
      "of {} lines in functions that ran: {} places only with faults: {}\n{} places never: {}\n",
      report.lines, report.lines_only_swept.size(), Names(report.lines_only_swept),
      report.lines_never.size(), Names(report.lines_never));
}

std::string TellImpossible(const SweepReport& report) {
  if (report.impossible.empty()) {
    return "";
  }
  size_t sites = 0;
  std::string reasons;
  for (const auto& [why, count] : report.impossible) {
    sites += count;
    reasons += fmt::format("  {} ({} site{})\n", why, count, count == 1 ? "" : "s");
  }
  return fmt::format(
      "left out: {} site{} whose call cannot fail in this build, as this or an earlier sweep saw; "
      "--visit-impossible visits them\n{}",
      sites, sites == 1 ? "" : "s", reasons);
}

std::string TellNotReached(const SweepReport& report) {
  std::string text = TellLines(report) + TellImpossible(report);
  if (!report.not_visited.empty()) {
    text += fmt::format("not visited: {} sites: {}\n", report.not_visited.size(),
                        Names(PointsOf(report.not_visited)));
  }
  if (!report.never_called.empty()) {
    text += fmt::format("never called by this scenario: {} points: {}\n",
                        report.never_called.size(), Names(NamesOf(report.never_called)));
  }
  if (!report.not_hooked.empty()) {
    text += fmt::format(
        "not in this program, or not to be hooked: {} points (see `faultline "
        "points`)\n",
        report.not_hooked.size());
  }
  text += TellNondeterministic(report);
  if (!report.lost_signals.empty()) {
    text += report.lost_signals + "\n";
  }
  return text;
}

std::string TellSnapshots(const SnapshotReport& snapshots) {
  std::string text = fmt::format(
      "{} visits were made by forking a live target, which was started {} time{}; {} of these were "
      "made cold as well, and in {} of them the two runs differ{}\n",
      snapshots.runs, snapshots.carriers, snapshots.carriers == 1 ? "" : "s", snapshots.checked,
      snapshots.differed.size(),
      snapshots.checked == 0
          ? ""
          : fmt::format(" ({:.1f} %)", 100.0 * static_cast<double>(snapshots.differed.size()) /
                                           static_cast<double>(snapshots.checked)));
  for (const std::string& one : snapshots.differed) {
    text += "snapshot and cold run differ: " + one + "\n";
  }
  if (!snapshots.differed.empty()) {
    text += "where they differ in what was looked at, findings may be missing: --executor cold\n";
  }
  for (const auto& [why, cold] : snapshots.cold) {
    std::vector<std::string> points = cold.points;
    if (points.size() == SnapshotPool::kMostPoints) {
      points.back() = "...";
    }
    text += fmt::format("{} {} made cold: {} ({})\n", cold.runs,
                        cold.runs == 1 ? "visit was" : "visits were", why, fmt::join(points, ", "));
  }
  if (!snapshots.chosen.empty()) {
    text += fmt::format("chosen: {} ({})\n", snapshots.given_up.empty() ? "snapshots" : "cold runs",
                        snapshots.chosen);
  }
  if (!snapshots.given_up.empty()) {
    text += "no more snapshots were made: " + snapshots.given_up + "\n";
  }
  return text;
}

std::string TellRuns(const SweepReport& report, const SweepResult& result) {
  std::string outcomes;
  for (const auto& [outcome, count] : result.outcomes) {
    outcomes += fmt::format("{}{} {}", outcomes.empty() ? "" : ", ", count, outcome);
  }
  const std::string selected =
      report.selected == report.sites ? "" : fmt::format(", {} of them selected", report.selected);
  std::string text = fmt::format("{} sites ({} more are parts of them){}, {} plans: {}\n",
                                 report.sites, report.nested, selected, result.plans,
                                 outcomes.empty() ? "none has a verdict" : outcomes);
  text += fmt::format("{} runs now in {:.1f} s, {:.0f} ms each (fault-free: {} ms)", result.runs,
                      static_cast<double>(result.elapsed_ms) / 1000, MsPerRun(result),
                      result.fault_free_ms);
  return text + (result.done_before == 0
                     ? "\n"
                     : fmt::format("; {} were done before\n", result.done_before));
}

// What could not be judged, or not be trusted.
std::string TellNotJudged(const SweepReport& report, const SweepResult& result) {
  std::string text;
  for (const std::string& one : result.no_verdicts) {
    text += "no verdict: " + one + "\n";
  }
  if (report.leaks_not_judged > 0) {
    text += fmt::format(
        "leaks of objects and descriptors are not judged in {} runs: the target exited without "
        "unwinding\n",
        report.leaks_not_judged);
  }
  for (const StoredFinding& finding : result.control_findings) {
    text += fmt::format(
        "without any fault, as many runs at a time as the sweep makes: {}: {}: no injected call is "
        "to blame for it (fewer --jobs may help)\n",
        finding.kind, finding.title);
  }
  if (!result.too_busy.empty()) {
    text += fmt::format(
        "this machine was too busy to judge {} hangs: even alone the target waited for a CPU most "
        "of the time: {}\n",
        result.too_busy.size(), Names(result.too_busy));
  }
  if (result.snapshots) {
    text += TellSnapshots(*result.snapshots);
  }
  if (result.objects_unseen) {
    text += "no object of the target could be followed to its end: leaks of them are not judged\n";
  }
  return text;
}

// The table, and the commands that tell more of its first line.
std::string TellFindings(const SweepReport& report, const SweepResult& result,
                         const std::string& store_file, size_t table_width,
                         const std::vector<std::string>& data_words) {
  if (report.findings.empty()) {
    return result.interrupted ? "no findings so far\n" : "no findings\n";
  }
  std::string text = TellSweepEntries(report.findings, table_width) + "\n";
  for (const char* command : {"show", "replay"}) {
    std::vector<std::string> words = {"faultline", command, store_file,
                                      report.findings[0].group.id};
    words.insert(words.end(), data_words.begin(), data_words.end());
    text += JoinForShell(words) + "\n";
  }
  return text;
}

std::string TellBaseline(const SweepReport& report) {
  std::string text;
  for (const BaselineEntry& entry : report.gone) {
    text += TellGone(entry) + "\n";
  }
  if (report.not_looked_at > 0) {
    text += fmt::format(
        "{} findings of the baseline were not seen; this sweep did not look at all that the "
        "baseline was made of, so none is called gone\n",
        report.not_looked_at);
  }
  return text;
}

std::string TellWhatRemains(const SweepReport& report, const SweepResult& result) {
  std::string text;
  for (const std::string& unmatched : result.unmatched) {
    text += unmatched + "\n";
  }
  if (const size_t untried = report.untried(); untried > 0 && !result.interrupted) {
    text += fmt::format(
        "no verdict: {} finding{} not tried again, so nobody knows whether {}: rerun the same "
        "command to resume, which tries them first\n",
        untried, untried == 1 ? " was" : "s were", untried == 1 ? "it holds" : "they hold");
  }
  if (result.interrupted) {
    text += fmt::format("interrupted by SIG{}: ", ::sigabbrev_np(*result.interrupted));
    text += result.plans == 0 ? "no plan was visited yet; "
                              : fmt::format("{} of {} plans were visited; ",
                                            result.plans - result.remaining, result.plans);
    text += "rerun the same command to resume\n";
  } else if (result.remaining > 0) {
    text += fmt::format("{} plans remain: rerun the same command to resume\n", result.remaining);
  }
  return text;
}

}  // namespace

std::string TellSweep(const SweepReport& report, const SweepResult& result,
                      const std::string& store_file, size_t table_width, size_t width,
                      const std::vector<std::string>& data_words) {
  if (!result.fault_free_findings.empty()) {
    return Wrapped(TellFaultFree(result.fault_free_findings), width);
  }
  if (result.unchanged) {
    return "no place that the scenario reaches lies in a function that changed: nothing to visit\n";
  }
  // Tables and commands break lines by themselves, or not at all.
  return Wrapped(TellRuns(report, result) + TellNotReached(report) + TellNotJudged(report, result),
                 width) +
         TellFindings(report, result, store_file, table_width, data_words) +
         Wrapped(TellBaseline(report) + TellWhatRemains(report, result), width);
}

}  // namespace faultline
