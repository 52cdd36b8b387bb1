#include "tools/sweep_json.h"

#include <fmt/format.h>

#include <cstring>
#include <vector>

namespace faultline {
namespace {

// Places that were not visited, with the reason where there is one.
void AddPlaces(const SweepReport& report, nlohmann::json& json) {
  for (const auto& [why, sites] : report.impossible) {
    json["impossible"].push_back({{"why", why}, {"sites", sites}});
  }
  for (const StoredSite& site : report.not_visited) {
    json["not_visited"].push_back(
        {{"site", site.hash}, {"point", site.point}, {"place", site.place}});
  }
  for (const Store::Census::Point& point : report.not_hooked) {
    json["not_hooked"].push_back({{"point", point.name}, {"why", point.status}});
  }
  json["lost_signals"] = report.lost_signals;
  for (const auto& [hash, text] : report.nondeterministic) {
    json["nondeterministic"].push_back(text);
  }
}

// Of runs without a fault, which no plan is to blame for: {kind, title, signature}.
template <typename T>
nlohmann::json Listed(const std::vector<T>& findings) {
  nlohmann::json list = nlohmann::json::array();
  for (const T& finding : findings) {
    list.push_back(
        {{"kind", finding.kind}, {"title", finding.title}, {"signature", finding.signature}});
  }
  return list;
}

void AddFindings(const SweepReport& report, const SweepResult& result, nlohmann::json& json) {
  json["statuses"] = CountByStatus(report.findings);
  json["causes"] = CausesToJson(report.findings);
  for (const SweepEntry& entry : report.findings) {
    json["findings"].push_back(ToJson(entry));
  }
  for (const BaselineEntry& entry : report.gone) {
    json["gone"].push_back({{"kind", entry.kind},
                            {"signature", entry.signature},
                            {"note", entry.note},
                            {"reference", entry.reference}});
  }
  json["control_findings"] = Listed(result.control_findings);
  json["fault_free_findings"] = Listed(result.fault_free_findings);
}

}  // namespace

nlohmann::json SweepToJson(const SweepReport& report, const SweepResult& result) {
  nlohmann::json json = {{"faultline_sweep", 2},
                         {"state", "finished"},
                         {"plans", result.plans},
                         {"done_before", result.done_before},
                         {"remaining", result.remaining},
                         {"untried", report.untried()},
                         {"runs", result.runs},
                         {"elapsed_ms", result.elapsed_ms},
                         {"census_ms", result.census_ms},
                         {"fault_free_ms", result.fault_free_ms},
                         {"ms_per_run", MsPerRun(result)},
                         {"outcomes", result.outcomes},
                         {"unchanged", result.unchanged},
                         {"unmatched", result.unmatched},
                         {"sites", report.sites},
                         {"nested", report.nested},
                         {"never_called", NamesOf(report.never_called)},
                         {"objects_unseen", result.objects_unseen},
                         {"leaks_not_judged", report.leaks_not_judged},
                         {"no_verdicts", result.no_verdicts},
                         {"too_busy", result.too_busy}};
  if (result.interrupted) {
    json["interrupted"] = fmt::format("SIG{}", ::sigabbrev_np(*result.interrupted));
  }
  if (report.lines > 0) {
    json["lines"] = {{"executable", report.lines},
                     {"only_swept", report.lines_only_swept},
                     {"never", report.lines_never}};
  }
  for (const char* list :
       {"findings", "impossible", "gone", "not_visited", "not_hooked", "nondeterministic"}) {
    json[list] = nlohmann::json::array();
  }
  AddFindings(report, result, json);
  AddPlaces(report, json);
  return json;
}

nlohmann::json StoreToJson(const SweepReport& report,
                           const std::map<std::string, size_t>& outcomes) {
  SweepResult result;
  result.outcomes = outcomes;
  nlohmann::json json = SweepToJson(report, result);
  for (const char* name :
       {"plans", "done_before", "remaining", "runs", "elapsed_ms", "census_ms", "fault_free_ms",
        "ms_per_run", "unchanged", "objects_unseen", "no_verdicts", "too_busy", "impossible",
        "control_findings", "fault_free_findings", "gone"}) {
    json.erase(name);
  }
  return json;
}

}  // namespace faultline
