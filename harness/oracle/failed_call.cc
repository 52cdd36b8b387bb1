#include "harness/oracle/failed_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "harness/oracle/blame.h"

namespace faultline {

bool IsFailedCall(const Injection& injection) { return injection.action == "fail"; }

const Injection* FirstFailure(const Evidence& evidence) {
  const auto found =
      std::find_if(evidence.injections.begin(), evidence.injections.end(), IsFailedCall);
  return found == evidence.injections.end() ? nullptr : &*found;
}

std::string FunctionThatMet(const MetFailure& met) {
  const std::vector<std::string> functions = NamedCallers(met.stack);
  return functions.empty() ? "" : functions.front();
}

bool IsWhereItFailed(const std::string& function, const Injection& failure, const MetFailure& met) {
  const Stack whole = BlamedStack(failure.stack);
  const size_t inside = whole.size() - std::min(met.stack.size(), whole.size());
  if (FunctionThatMet(met) == function) {
    return true;
  }
  for (size_t i = 0; i < inside; ++i) {
    if (FoldTemplates(whole[i].function) == function &&
        met.Of(whole.size() - i) != Returned::kFailure) {
      return true;
    }
  }
  return false;
}

std::string InFunction(const Stack& stack) {
  const std::vector<std::string> functions = NamedCallers(stack);
  if (functions.empty()) {
    return "";
  }
  const bool has_name = (!stack.front().function.empty() && !IsMachinery(stack.front())) ||
                        !InterpreterOf(BlamedStack(stack).front()).empty();
  return fmt::format(" {} {}", has_name ? "in" : "below", functions.front());
}

std::string WhereItFailed(const Injection& failure, const MetFailure& met) {
  const std::string function = FunctionThatMet(met);
  const std::vector<std::string> callers = NamedCallers(BlamedStack(failure.stack));
  return function.empty() || callers.empty() || callers.front() == function ? InFunction(met.stack)
                                                                            : " below " + function;
}

std::string FailureText(const Injection& failure, const MetFailure& met) {
  return fmt::format("{} failed{}", failure.point, WhereItFailed(failure, met));
}

std::string SignatureWithoutFault(std::string_view signature) {
  size_t end = std::string_view::npos;
  for (const std::string_view clause : {kACallFailed, kAfterAFailed, kStillRetrying}) {
    end = std::min(end, signature.find(clause));
  }
  return std::string(signature.substr(0, end));
}

}  // namespace faultline
