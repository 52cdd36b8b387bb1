#include "harness/report/run_report.h"

#include <algorithm>

#include "harness/oracle/ends_by_design.h"
#include "harness/oracle/run_course.h"

namespace faultline {

Verdict VerdictOf(const RunReport& report) {
  const bool none_new = std::all_of(
      report.findings.begin(), report.findings.end(),
      [](const Finding& finding) { return finding.known || finding.kind == kEndsByDesign; });
  if (!none_new || !report.not_seen.empty()) {
    return Verdict::kFindings;
  }
  const bool any_known = std::any_of(report.findings.begin(), report.findings.end(),
                                     [](const Finding& finding) { return finding.known; });
  if (any_known) {
    return Verdict::kKnownFindings;
  }
  if (SlowWait(report.evidence) != nullptr) {
    return Verdict::kSlow;
  }
  return report.gave_up ? Verdict::kCleanError : Verdict::kPass;
}

std::string_view ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kCleanError:
      return "clean error";
    case Verdict::kSlow:
      return "slow";
    case Verdict::kKnownFindings:
      return "known findings";
    case Verdict::kFindings:
      break;
  }
  return "findings";
}

}  // namespace faultline
