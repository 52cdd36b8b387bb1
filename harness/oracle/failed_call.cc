#include "harness/oracle/failed_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/oracle/blame.h"

namespace faultline {

const Injection* FirstFailure(const Evidence& evidence) {
  const auto found = std::find_if(evidence.injections.begin(), evidence.injections.end(),
                                  [](const Injection& one) { return one.action == "fail"; });
  return found == evidence.injections.end() ? nullptr : &*found;
}

std::string FunctionThatMet(const MetFailure& met) {
  const std::vector<std::string> functions = BlamedFunctions(met.stack);
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

namespace {

// The language whose interpreter `function` belongs to, "" for none: which of its functions a
// failure came to is chance and says nothing of the program that it runs.
std::string_view Interpreted(std::string_view function) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kPrefixes = {
      {{"_Py", "Python"},
       {"Py", "Python"},
       {"pymain_", "Python"},
       {"cfunction_vectorcall", "Python"},
       {"method_vectorcall", "Python"},
       {"cfunction_call", "Python"},
       {"Perl_", "Perl"},
       {"luaV_", "Lua"},
       {"luaD_", "Lua"},
       {"rb_vm_", "Ruby"}}};
  const auto found = std::find_if(kPrefixes.begin(), kPrefixes.end(),
                                  [&](const auto& one) { return function.starts_with(one.first); });
  return found == kPrefixes.end() ? "" : found->second;
}

}  // namespace

std::string InFunction(const Stack& stack) {
  const std::vector<std::string> functions = BlamedFunctions(stack);
  if (functions.empty()) {
    return "";
  }
  if (const std::string_view language = Interpreted(functions.front()); !language.empty()) {
    return fmt::format(" in {} code", language);
  }
  const bool has_name = !stack.front().function.empty() && !IsMachinery(stack.front());
  return fmt::format(" {} {}", has_name ? "in" : "below", functions.front());
}

std::string FailureText(const Injection& failure, const MetFailure& met) {
  return fmt::format("{} failed{}", failure.point, InFunction(met.stack));
}

std::string SignatureWithoutFault(std::string_view signature) {
  size_t end = std::string_view::npos;
  for (const std::string_view clause : {kACallFailed, kAfterAFailed, kStillRetrying}) {
    end = std::min(end, signature.find(clause));
  }
  return std::string(signature.substr(0, end));
}

}  // namespace faultline
