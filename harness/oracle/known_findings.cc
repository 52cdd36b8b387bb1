#include "harness/oracle/known_findings.h"

#include <set>

namespace faultline {

std::vector<BaselineEntry> ApplyBaseline(const Baseline& baseline, std::vector<Finding>& findings) {
  std::set<std::string> seen;
  for (Finding& finding : findings) {
    seen.insert(finding.signature);
    if (const BaselineEntry* entry = baseline.Find(finding.signature); entry != nullptr) {
      finding.known = true;
      finding.note = entry->note;
      if (!entry->reference.empty()) {
        finding.note += (finding.note.empty() ? "" : "; ") + entry->reference;
      }
    }
  }
  return baseline.Gone(seen);
}

}  // namespace faultline
