#include "tools/findings_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/report/contract.h"
#include "tools/sweep_findings.h"

namespace faultline {
namespace {

using nlohmann::json;

json PlacesOf(const DigestFinding& finding, const SweepDigest& digest) {
  json places = json::array();
  for (const size_t index : finding.sites) {
    const StoredSite& site = digest.sites[index].site;
    places.push_back({{"site", site.hash}, {"point", site.point}, {"place", site.place}});
  }
  return places;
}

json FindingToJson(const DigestFinding& finding, const SweepDigest& digest) {
  json one = ToJson(SweepEntry{finding.group, finding.known, finding.fails});
  const json details = json::parse(finding.finding.details, nullptr, /*allow_exceptions=*/false);
  one["why"] = finding.why;
  one["point"] = finding.sites.empty() ? "" : digest.sites[finding.sites.front()].site.point;
  one["injected"] =
      finding.injected.empty() ? "" : fmt::format("{} {}", finding.injected, finding.mode_text);
  one["exit"] = finding.run.exit;
  one["expected"] = ContractOf(finding.group.kind);
  one["details"] = details.is_array() ? details : json::array();
  one["places"] = PlacesOf(finding, digest);
  return one;
}

}  // namespace

json FindingsToJson(const SweepDigest& digest, const std::set<size_t>& wanted,
                    const std::string& store_file, const std::string& replay_options) {
  json document = {{"faultline_findings", 1},
                   {"store", store_file},
                   {"scenario", digest.environment.scenario},
                   {"program", digest.environment.program},
                   {"version", digest.environment.version},
                   {"verdict", digest.Verdict()},
                   {"total", digest.findings.size()},
                   {"fails", false},
                   {"findings", json::array()},
                   {"causes", json::array()}};
  for (const size_t index : wanted) {
    const DigestFinding& finding = digest.findings[index];
    json one = FindingToJson(finding, digest);
    one["replay"] =
        finding.group.scenario.empty()
            ? ""
            : fmt::format("faultline replay {} {}{}", store_file, finding.group.id, replay_options);
    document["fails"] = document["fails"] || finding.fails;
    document["findings"].push_back(std::move(one));
  }
  for (const DigestCause& cause : digest.causes) {
    json members = json::array();
    for (const size_t index : cause.findings) {
      if (wanted.contains(index)) {
        members.push_back(digest.findings[index].group.id);
      }
    }
    if (!members.empty()) {
      // A finding that has no cause but itself stands for itself.
      document["causes"].push_back({{"cause", cause.findings.size() > 1 ? cause.title : ""},
                                    {"findings", std::move(members)}});
    }
  }
  return document;
}

}  // namespace faultline
