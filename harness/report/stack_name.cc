#include "harness/report/stack_name.h"

#include <algorithm>
#include <array>
#include <utility>

#include "harness/oracle/failed_call.h"

namespace faultline {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kNames = {{
    {"crash", "Where it crashed"},
    {"double-free", "Where it was ended again"},
    {"io-device-missing", "Where it was used"},
    {"leak", "Where it was made"},
    {"not-rolled-back", "The call that failed in the request"},
    {"swallowed", "The call whose failure was not reported"},
}};

bool IsPartOf(const Stack& stack, const Stack& failed_call) {
  return !stack.empty() &&
         std::any_of(failed_call.begin(), failed_call.end(), [&](const Frame& frame) {
           return frame.module == stack.front().module && frame.offset == stack.front().offset &&
                  frame.function == stack.front().function;  // of those inlined there too
         });
}

}  // namespace

std::string_view StackName(std::string_view kind, std::string_view signature, const Stack& stack,
                           const Stack& failed_call) {
  if (kind == "hang") {
    return signature.find(kStillRetrying) != std::string_view::npos ? "The call that it retries"
                                                                    : "Where it waited";
  }
  if (kind == "leak" && signature.find("was closed") != std::string_view::npos) {
    return "Where it was closed";
  }
  if (IsPartOf(stack, failed_call)) {
    if (kind == "leak") {
      return "Where it was to be released";
    }
    if (kind == "crash") {
      return "Where the failure was met";
    }
  }
  const auto* found = std::find_if(kNames.begin(), kNames.end(),
                                   [&](const auto& entry) { return entry.first == kind; });
  return found != kNames.end() ? found->second : "Where it showed";
}

Stack FirstFailedCall(const Evidence& evidence) {
  return evidence.injections.empty() ? Stack() : evidence.injections.front().stack;
}

}  // namespace faultline
