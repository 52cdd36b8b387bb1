#include "tools/visit_agreement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

namespace faultline {
namespace {

std::string WhatCameOf(const StoredRun& run) {
  std::set<std::string> signatures;
  for (const StoredFinding& finding : run.findings) {
    signatures.insert(finding.signature);
  }
  return signatures.empty() ? run.outcome
                            : fmt::format("{}: {}", run.outcome, fmt::join(signatures, "; "));
}

}  // namespace

double VisitAgreement::percent() const {
  return compared == 0 ? 100.0
                       : 100.0 * static_cast<double>(compared - differences.size()) /
                             static_cast<double>(compared);
}

VisitAgreement CompareVisits(Store& first, Store& second) {
  std::map<std::string, std::string> places;
  for (const StoredSite& site : first.Sites()) {
    places[site.hash] = site.point + " in " + site.place;
  }
  std::map<std::string, StoredRun> others;
  for (StoredRun& run : second.Runs()) {
    others.emplace(run.key, std::move(run));
  }
  VisitAgreement agreement;
  for (const StoredRun& run : first.Runs()) {
    const auto other = others.find(run.key);
    if (other == others.end()) {
      continue;
    }
    ++agreement.compared;
    const std::string one = WhatCameOf(run);
    if (const std::string two = WhatCameOf(other->second); one != two) {
      agreement.differences.push_back({run.key, places[run.site], one, two});
    }
  }
  return agreement;
}

}  // namespace faultline
