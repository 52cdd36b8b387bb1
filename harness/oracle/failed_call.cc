#include "harness/oracle/failed_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/oracle/blame.h"

namespace faultline {

const Injection* FirstFailure(const Evidence& evidence) {
  const auto found = std::find_if(evidence.injections.begin(), evidence.injections.end(),
                                  [](const Injection& one) { return one.action == "fail"; });
  return found == evidence.injections.end() ? nullptr : &*found;
}

std::string FunctionThatMet(const Injection& failure, const Catalogue& catalogue) {
  const std::vector<std::string> functions =
      BlamedFunctions(StackThatMetFailure(failure.stack, catalogue));
  return functions.empty() ? "" : functions.front();
}

bool IsWhereItFailed(const std::string& function, const Injection& failure,
                     const Catalogue& catalogue) {
  const Stack whole = BlamedStack(failure.stack);
  const size_t outside = StackThatMetFailure(failure.stack, catalogue).size();
  const auto behind = whole.end() - static_cast<ptrdiff_t>(outside);
  return FunctionThatMet(failure, catalogue) == function ||
         std::any_of(whole.begin(), behind,
                     [&](const Frame& frame) { return FoldTemplates(frame.function) == function; });
}

std::string FailureText(const Injection& failure, const Catalogue& catalogue) {
  const std::string function = FunctionThatMet(failure, catalogue);
  return function.empty() ? failure.point + " failed"
                          : fmt::format("{} failed in {}", failure.point, function);
}

std::string SignatureWithoutFault(std::string_view signature) {
  size_t end = std::string_view::npos;
  for (const std::string_view clause : {kACallFailed, kAfterAFailed, kStillRetrying}) {
    end = std::min(end, signature.find(clause));
  }
  return std::string(signature.substr(0, end));
}

}  // namespace faultline
