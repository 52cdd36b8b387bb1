#include "harness/oracle/silent_failure.h"

#include <algorithm>
#include <map>

#include "harness/base/line_pattern.h"
#include "harness/oracle/benign.h"
#include "harness/oracle/blame.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/ignored_failure.h"
#include "harness/oracle/met_failure.h"

namespace faultline {
namespace {

using Outcome = RpcExchange::Outcome;

bool IsInLog(const Injection& failure, const Evidence& evidence, const OracleContext& context) {
  for (const std::string& text : context.profile.error_lines) {
    const LinePattern pattern(text);
    for (const LogLine& line : evidence.log) {
      const bool is_known = context.fault_free != nullptr && context.fault_free->Says(line.text);
      if (line.time_ms >= failure.time_ms && !is_known && pattern.Matches(line.text)) {
        return true;
      }
    }
  }
  return false;
}

// The first request in which a call failed and that changed less than in the fault-free run.
std::string LackingRequest(const Evidence& evidence, const OracleContext& context) {
  std::map<std::string, size_t> seen;
  for (const RpcExchange& rpc : evidence.rpcs) {
    const size_t nth = seen[rpc.method]++;
    if (!rpc.changes || rpc.outcome != Outcome::kResult || context.fault_free == nullptr) {
      continue;
    }
    const FaultFreeAnswer* answer = context.fault_free->FindAnswer(rpc.method, nth);
    if (answer != nullptr && answer->changes.value_or(0) > *rpc.changes) {
      return rpc.method;
    }
  }
  return "";
}

// The same function called the same point again, or a point of the same group succeeded where the
// fault-free run does not call it: as far as the journal tells, by how often it was called there.
bool WasTriedAgain(const Injection& failure, const Evidence& evidence) {
  const auto at_site =
      std::find_if(evidence.journal.sites.begin(), evidence.journal.sites.end(),
                   [&](const JournalSite& site) { return site.hash == failure.site; });
  return at_site != evidence.journal.sites.end() && at_site->calls > failure.occurrence;
}

}  // namespace

std::optional<SilentFailure> FindSilentFailure(const Evidence& evidence,
                                               const OracleContext& context) {
  const Injection* failure = FirstFailure(evidence);
  if (failure == nullptr || context.profile.error_lines.empty() ||
      IsBenign(*failure, context.catalogue) || ReportedAFailure(evidence, context.profile) ||
      IsInLog(*failure, evidence, context)) {
    return std::nullopt;
  }
  SilentFailure silent;
  silent.function = FunctionThatMet(FindWhoMet(evidence, context.catalogue));
  silent.place = PlaceText(StackThatMetFailure(failure->stack, context.catalogue));
  silent.point = failure->point;
  silent.lacking_request = LackingRequest(evidence, context);
  silent.tried_again = WasTriedAgain(*failure, evidence);
  return silent;
}

}  // namespace faultline
