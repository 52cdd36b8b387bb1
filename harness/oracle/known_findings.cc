#include "harness/oracle/known_findings.h"

#include <algorithm>

namespace faultline {

std::vector<BaselineEntry> ApplyBaseline(const Baseline& baseline, std::vector<Finding>& findings) {
  for (Finding& finding : findings) {
    if (const BaselineEntry* entry = baseline.Find(finding.signature); entry != nullptr) {
      finding.known = true;
      finding.note = entry->note;
      if (!entry->reference.empty()) {
        finding.note += (finding.note.empty() ? "" : "; ") + entry->reference;
      }
    }
  }
  std::vector<BaselineEntry> gone;
  std::copy_if(baseline.entries.begin(), baseline.entries.end(), std::back_inserter(gone),
               [&](const BaselineEntry& entry) {
                 return std::none_of(findings.begin(), findings.end(), [&](const Finding& finding) {
                   return finding.signature == entry.signature;
                 });
               });
  return gone;
}

}  // namespace faultline
