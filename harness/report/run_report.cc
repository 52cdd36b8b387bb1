#include "harness/report/run_report.h"

#include <algorithm>

#include "harness/oracle/run_course.h"

namespace faultline {

Verdict VerdictOf(const RunReport& report) {
  const bool all_known = std::all_of(report.findings.begin(), report.findings.end(),
                                     [](const Finding& finding) { return finding.known; });
  if (!all_known || !report.not_seen.empty()) {
    return Verdict::kFindings;
  }
  if (!report.findings.empty()) {
    return Verdict::kKnownFindings;
  }
  if (SlowWait(report.evidence) != nullptr) {
    return Verdict::kSlow;
  }
  return GaveUpCleanly(report.evidence) ? Verdict::kCleanError : Verdict::kPass;
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
