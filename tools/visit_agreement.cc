#include "tools/visit_agreement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

namespace faultline {
namespace {

std::string WhatCameOf(const StoredRun& run) {
  std::set<std::string> signatures;
  for (const StoredFinding& finding : run.findings) {
    signatures.insert(finding.signature);
  }
  return fmt::format("{}, {}{}{}", run.outcome, run.exit, signatures.empty() ? "" : ": ",
                     fmt::join(signatures, "; "));
}

}  // namespace

double VisitAgreement::percent() const {
  return compared == 0 ? 100.0
                       : 100.0 * static_cast<double>(compared - differences.size()) /
                             static_cast<double>(compared);
}

std::string Describe(const VisitAgreement& agreement, const std::string& first,
                     const std::string& second) {
  std::string text = fmt::format("{} visits in both, {:.1f} % of them came to the same",
                                 agreement.compared, agreement.percent());
  if (agreement.only_first + agreement.only_second > 0) {
    text += fmt::format("; {} only in {}, {} only in {}", agreement.only_first, first,
                        agreement.only_second, second);
  }
  text += "\n";
  const size_t width = std::max(first.size(), second.size());
  for (const VisitAgreement::Difference& one : agreement.differences) {
    text += fmt::format("differs: {}\n  {}\n  {:{}}  {}\n  {:{}}  {}\n", one.key, one.place, first,
                        width, one.first, second, width, one.second);
  }
  return text;
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
    const auto other = others.extract(run.key);
    if (other.empty()) {
      ++agreement.only_first;
      continue;
    }
    ++agreement.compared;
    const std::string one = WhatCameOf(run);
    if (const std::string two = WhatCameOf(other.mapped()); one != two) {
      agreement.differences.push_back({run.key, places[run.site], one, two});
    }
  }
  agreement.only_second = others.size();
  return agreement;
}

}  // namespace faultline
