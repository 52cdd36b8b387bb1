#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/load_baseline.h"
#include "harness/scenario/model.h"

namespace faultline {

// All that is to be told of one judged run. Borrows evidence and findings, which outlive it.
struct RunReport {
  const Evidence& evidence;
  const std::vector<Finding>& findings;
  std::vector<KnownFinding> not_seen;     // known findings of the scenario that did not come
  std::vector<BaselineEntry> fixed = {};  // of the baseline, likewise
  // The findings are those of the fault-free run that had to come first.
  bool broken_without_faults = false;
  std::string replay_command;         // runs the same again; "" = none
  std::string gdb_command;            // opens gdb at the injected call; "" = none
  std::string leaks_not_judged = {};  // see WhyLeaksAreNotJudged
  bool gave_up = false;               // see GaveUpCleanly
};

enum class Verdict {
  kPass,           // carried on to the end of the scenario
  kCleanError,     // gave up as the contract allows, without a finding
  kSlow,           // the same, or carried on; but outlived a limit, since it still got on
  kKnownFindings,  // findings, all of them known, and no known one missing
  kFindings,       // a new finding, or a known one that was not observed
};
Verdict VerdictOf(const RunReport& report);

// "pass", "clean error", "slow", "known findings", "findings"
std::string_view ToString(Verdict verdict);

}  // namespace faultline
