#include "harness/sweep/same_cause.h"

#include <algorithm>

namespace faultline {
namespace {

// As the oracles write them: crash_oracle.cc, and hang_oracle.cc behind the name of a function.
constexpr std::string_view kFailedCall = "; a call failed";
constexpr std::string_view kSilentCaller = " says nothing of a failed call";

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
  size_t end = signature.find(kFailedCall);
  if (end == std::string_view::npos && signature.find(kSilentCaller) != std::string_view::npos) {
    end = signature.rfind("; ", signature.find(kSilentCaller));
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
