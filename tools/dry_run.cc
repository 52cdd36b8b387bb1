#include "tools/dry_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/report/table.h"
#include "harness/report/wrap.h"
#include "tools/sweep_progress.h"

namespace faultline {
namespace {

struct OfPoint {
  std::set<std::string> sites;
  size_t plans = 0;
};

double MsPerRun(const SweepResult& result, const std::vector<StoredRun>& runs) {
  double all_ms = 0;
  double count = 0;
  for (const StoredRun& run : runs) {
    if (run.alike.empty()) {
      all_ms += static_cast<double>(run.duration_ms);
      ++count;
    }
  }
  return count > 0 ? all_ms / count : static_cast<double>(result.fault_free_ms);
}

std::string Points(const SweepResult& result, size_t width) {
  std::map<std::string, OfPoint> points;
  for (const PlannedVisit& visit : result.planned) {
    OfPoint& point = points[visit.point];
    point.sites.insert(visit.site);
    ++point.plans;
  }
  std::vector<std::pair<std::string, OfPoint>> rows(points.begin(), points.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second.plans > b.second.plans; });
  Table table({"sites", "plans", "point"});
  for (const auto& [name, point] : rows) {
    table.AddRow({std::to_string(point.sites.size()), std::to_string(point.plans), name});
  }
  return table.ToString(width);
}

}  // namespace

std::string TellDryRun(const SweepResult& result, const std::vector<StoredRun>& runs, int jobs,
                       size_t width) {
  if (!result.fault_free_findings.empty()) {
    return Wrapped("the fault-free run already fails: a sweep would do nothing else\n  " +
                       result.fault_free_findings.front().title,
                   width);
  }
  std::string impossible;
  if (!result.impossible.empty()) {
    impossible =
        fmt::format("; {} sites are left out, their calls cannot fail", result.impossible.size());
  }
  if (result.planned.empty()) {
    return Wrapped(
        fmt::format("nothing is left to visit: all {} plans are done{}", result.plans, impossible),
        width);
  }
  std::set<std::string> sites;
  for (const PlannedVisit& visit : result.planned) {
    sites.insert(visit.site);
  }
  const double seconds = MsPerRun(result, runs) * static_cast<double>(result.planned.size()) /
                         static_cast<double>(jobs) / 1000;
  return Points(result, width) +
         Wrapped(
             fmt::format("would visit {} sites by {} plans, {} are done{}", sites.size(),
                         result.planned.size(), result.plans - result.planned.size(), impossible),
             width) +
         Wrapped(
             fmt::format("about {} with {} at a time; each finding takes about ten runs more to "
                         "confirm",
                         DurationText(std::chrono::duration<double>(seconds)), jobs),
             width);
}

}  // namespace faultline
