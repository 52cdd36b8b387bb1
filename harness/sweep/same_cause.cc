#include "harness/sweep/same_cause.h"

#include <algorithm>
#include <array>

namespace faultline {
namespace {

// How what is said of the failed call begins, as the oracles write it: crash_oracle.cc, and the
// others hang_oracle.cc.
constexpr std::array<std::string_view, 3> kFailedCall = {"; a call failed", "; after a failed ",
                                                         "; still retrying "};

constexpr std::string_view kCaller = " < ";

// A crash in a function in which a call failed is known by that function alone, else by its caller
// too: which of them it is depends on how deep the failed call lies.
bool IsSameCause(const std::string& a, const std::string& b) {
  const size_t caller_a = a.find(kCaller);
  const size_t caller_b = b.find(kCaller);
  return a == b || ((caller_a == std::string::npos) != (caller_b == std::string::npos) &&
                    a.substr(0, caller_a) == b.substr(0, caller_b));
}

}  // namespace

std::string SignatureWithoutFault(std::string_view signature) {
  size_t end = std::string_view::npos;
  for (const std::string_view failed_call : kFailedCall) {
    end = std::min(end, signature.find(failed_call));
  }
  return std::string(signature.substr(0, end));
}

bool ShowsSameCause(const StoredRun& run, std::string_view signature) {
  const std::string wanted = SignatureWithoutFault(signature);
  return std::any_of(run.findings.begin(), run.findings.end(), [&](const StoredFinding& finding) {
    return IsSameCause(SignatureWithoutFault(finding.signature), wanted);
  });
}

}  // namespace faultline
