#include "harness/sweep/same_cause.h"

#include <algorithm>

#include "harness/oracle/failed_call.h"

namespace faultline {
namespace {

constexpr std::string_view kCaller = " < ";

}  // namespace

// A crash in a function in which a call failed is known by that function alone, else by its caller
// too: which of them it is depends on how deep the failed call lies.
bool IsSameCause(std::string_view a, std::string_view b) {
  const std::string one = SignatureWithoutFault(a);
  const std::string other = SignatureWithoutFault(b);
  const size_t caller = one.find(kCaller);
  const size_t other_caller = other.find(kCaller);
  return one == other || ((caller == std::string::npos) != (other_caller == std::string::npos) &&
                          one.substr(0, caller) == other.substr(0, other_caller));
}

bool ShowsSameCause(const StoredRun& run, std::string_view signature, std::string_view cause) {
  return std::any_of(run.findings.begin(), run.findings.end(), [&](const StoredFinding& finding) {
    return IsSameCause(finding.signature, signature) || (!cause.empty() && finding.cause == cause);
  });
}

}  // namespace faultline
