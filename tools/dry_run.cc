#include "tools/dry_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "harness/report/stored_stack.h"
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

// The most plans first.
std::vector<std::pair<std::string, OfPoint>> PointsOf(const SweepResult& result) {
  std::map<std::string, OfPoint> points;
  for (const PlannedVisit& visit : result.planned) {
    OfPoint& point = points[visit.point];
    point.sites.insert(visit.site);
    ++point.plans;
  }
  std::vector<std::pair<std::string, OfPoint>> rows(points.begin(), points.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second.plans > b.second.plans; });
  return rows;
}

std::string TellPoints(const SweepResult& result, size_t width) {
  Table table({"sites", "plans", "point"});
  for (const auto& [name, point] : PointsOf(result)) {
    table.AddRow({std::to_string(point.sites.size()), std::to_string(point.plans), name});
  }
  return table.ToString(width);
}

double EstimatedMs(const SweepResult& result, const std::vector<StoredRun>& runs, int jobs) {
  return MsPerRun(result, runs) * static_cast<double>(result.planned.size()) /
         static_cast<double>(jobs);
}

// {plan, site, point, place, function, file, line}: what lies around the call, where it is known.
nlohmann::json VisitToJson(const PlannedVisit& visit, const StoredSite* site) {
  nlohmann::json json = {{"plan", visit.key},
                         {"site", visit.site},
                         {"point", visit.point},
                         {"place", site == nullptr ? "" : site->place}};
  const Stack frames = site == nullptr ? Stack() : FramesOf(site->stack);
  const auto with_line =
      std::find_if(frames.begin(), frames.end(), [](const Frame& frame) { return frame.line > 0; });
  if (with_line != frames.end()) {
    json["function"] = with_line->function;
    json["file"] = with_line->file;
    json["line"] = with_line->line;
  }
  return json;
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
  if (result.unchanged) {
    return Wrapped("no place that the scenario reaches lies in a function that changed", width);
  }
  std::string unmatched;
  for (const std::string& text : result.unmatched) {
    unmatched += Wrapped(text, width);
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
  const double seconds = EstimatedMs(result, runs, jobs) / 1000;
  return unmatched + TellPoints(result, width) +
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

nlohmann::json DryRunToJson(const SweepResult& result, const std::vector<StoredRun>& runs,
                            const std::vector<StoredSite>& sites, int jobs) {
  std::map<std::string, const StoredSite*> by_hash;
  for (const StoredSite& site : sites) {
    by_hash[site.hash] = &site;
  }
  nlohmann::json json = {{"faultline_dry_run", 1},
                         {"jobs", jobs},
                         {"plans", result.plans},
                         {"done", result.plans - result.planned.size()},
                         {"estimated_ms", std::llround(EstimatedMs(result, runs, jobs))},
                         {"unmatched", result.unmatched},
                         {"unchanged", result.unchanged}};
  for (const char* list : {"points", "visits", "impossible", "fault_free_findings"}) {
    json[list] = nlohmann::json::array();
  }
  for (const auto& [name, point] : PointsOf(result)) {
    json["points"].push_back(
        {{"point", name}, {"sites", point.sites.size()}, {"plans", point.plans}});
  }
  for (const PlannedVisit& visit : result.planned) {
    const auto site = by_hash.find(visit.site);
    json["visits"].push_back(VisitToJson(visit, site == by_hash.end() ? nullptr : site->second));
  }
  std::map<std::string, size_t> reasons;
  for (const auto& [site, why] : result.impossible) {
    ++reasons[why];
  }
  for (const auto& [why, count] : reasons) {
    json["impossible"].push_back({{"why", why}, {"sites", count}});
  }
  for (const Finding& finding : result.fault_free_findings) {
    json["fault_free_findings"].push_back(
        {{"kind", finding.kind}, {"title", finding.title}, {"signature", finding.signature}});
  }
  return json;
}

}  // namespace faultline
