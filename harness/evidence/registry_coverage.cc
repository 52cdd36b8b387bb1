#include "harness/evidence/registry_coverage.h"

#include <algorithm>

namespace faultline {
namespace {

// Is `hooked`, a symbol as the file has it, the function `name`? Versions and clone suffixes follow
// behind '@' and '.'.
bool IsSymbol(const std::string& hooked, const std::string& name) {
  return hooked.starts_with(name) &&
         (hooked.size() == name.size() || hooked[name.size()] == '@' || hooked[name.size()] == '.');
}

// The observer that has the hooks for `observer`.
const Observer& WithSymbols(const Observer& observer, const Catalogue& catalogue) {
  const auto other = std::find_if(
      catalogue.observers.begin(), catalogue.observers.end(),
      [&](const Observer& candidate) { return candidate.name == observer.same_call_as; });
  return other == catalogue.observers.end() ? observer : *other;
}

// Whether every call of the observers of one registry and kind of event is seen: at least one of
// their functions is hooked and none was refused. `why_not` says what is missing.
bool AllSeen(const Evidence& evidence, const Catalogue& catalogue, const std::string& registry,
             Observer::Event event, std::string& why_not) {
  bool hooked = false;
  for (const Observer& observer : catalogue.observers) {
    if (observer.registry != registry || observer.event != event) {
      continue;
    }
    const Observer& seen_by = WithSymbols(observer, catalogue);
    for (const HookReport& hook : evidence.hooks) {
      if (std::none_of(seen_by.symbols.begin(), seen_by.symbols.end(),
                       [&](const std::string& symbol) { return IsSymbol(hook.symbol, symbol); })) {
        continue;
      }
      if (hook.status == HookReport::Status::kRefused) {
        why_not = hook.symbol + " could not be hooked: " + hook.reason;
      }
      hooked |= hook.status == HookReport::Status::kInstalled;
    }
  }
  return hooked && why_not.empty();
}

}  // namespace

void SayWhatIsSeen(const Evidence& evidence, const Catalogue& catalogue, RegistryReplay& out) {
  out.complete = AllSeen(evidence, catalogue, out.registry, Observer::Event::kCreate, out.why_not);
  if (!out.complete && out.why_not.empty()) {
    out.why_not = "no function that creates objects of registry " + out.registry + " is hooked";
  }
  std::string ignored;
  out.ends_seen = out.complete && evidence.lost_records == 0 &&
                  AllSeen(evidence, catalogue, out.registry, Observer::Event::kDestroy, ignored);
}

}  // namespace faultline
