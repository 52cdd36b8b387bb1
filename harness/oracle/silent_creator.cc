#include "harness/oracle/silent_creator.h"

#include <algorithm>

#include "harness/evidence/registry.h"
#include "harness/oracle/failed_call.h"

namespace faultline {
namespace {

bool IsOneOf(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsSilent(const Observer& observer, const std::string& registry) {
  return observer.registry == registry && observer.event == Observer::Event::kCreate &&
         observer.key_argument && observer.success == Observer::Success::kByKey;
}

// "" when `injection` is neither a call of one of `symbols` nor below one.
std::string FunctionAround(const Injection& injection, const std::vector<std::string>& symbols,
                           const Catalogue& catalogue) {
  const auto frame = std::find_if(injection.stack.begin(), injection.stack.end(),
                                  [&](const Frame& one) { return IsOneOf(symbols, one.function); });
  if (frame != injection.stack.end()) {
    return frame->function;
  }
  const FaultPoint* point = catalogue.FindPoint(injection.point);
  if (point == nullptr) {
    return "";
  }
  // A point may have a symbol in each of several kinds of target; the callers tell nothing of it.
  const auto symbol = std::find_if(point->symbols.begin(), point->symbols.end(),
                                   [&](const std::string& one) { return IsOneOf(symbols, one); });
  return symbol == point->symbols.end() ? "" : *symbol;
}

}  // namespace

std::string SilentCreator(const Evidence& evidence, const Catalogue& catalogue,
                          const std::string& registry) {
  const Injection* first = FirstFailure(evidence);
  if (first == nullptr) {
    return "";
  }
  for (const Observer& observer : catalogue.observers) {
    if (IsSilent(observer, registry)) {
      if (std::string function = FunctionAround(*first, observer.symbols, catalogue);
          !function.empty()) {
        return function;
      }
    }
  }
  return "";
}

std::string UnnoticedSilentCreator(const Evidence& evidence, const Catalogue& catalogue) {
  for (const RegistryReplay& replay : ReplayRegistries(evidence, catalogue)) {
    const bool missed = std::any_of(
        replay.violations.begin(), replay.violations.end(), [](const RegistryViolation& violation) {
          return violation.history == RegistryViolation::History::kCreateFailed;
        });
    if (replay.complete && missed) {
      if (std::string function = SilentCreator(evidence, catalogue, replay.registry);
          !function.empty()) {
        return function;
      }
    }
  }
  return "";
}

std::string CauseOfSilence(const std::string& function) {
  return function.empty() ? "" : function + " does not report its failure";
}

}  // namespace faultline
