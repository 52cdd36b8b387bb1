#include "harness/oracle/ignored_failure.h"

#include <algorithm>

#include "harness/oracle/blame.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/forgetter.h"

namespace faultline {
namespace {

bool HasName(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The environment refused something, inside of whatever may pass that on.
bool IsRefusal(const Injection& failure, const Catalogue& catalogue) {
  const FaultPoint* point = catalogue.FindPoint(failure.point);
  return point == nullptr || point->kind == FaultPoint::Kind::kLeaf;
}

// Functions whose failures the catalogue knows: what fails inside of one is passed on by it.
bool PassesFailuresOn(const std::string& function, const Catalogue& catalogue) {
  return std::any_of(catalogue.points.begin(), catalogue.points.end(),
                     [&](const FaultPoint& point) { return HasName(point.symbols, function); }) ||
         std::any_of(catalogue.observers.begin(), catalogue.observers.end(),
                     [&](const Observer& observer) {
                       return observer.event == Observer::Event::kCreate &&
                              HasName(observer.symbols, function);
                     });
}

}  // namespace

bool ReportedAFailure(const Evidence& evidence, const Profile& profile) {
  const bool by_exit =
      evidence.exit.kind == ExitStatus::Kind::kExited && !IsCleanEnd(evidence.exit, profile.clean);
  return by_exit ||
         std::any_of(evidence.rpcs.begin(), evidence.rpcs.end(), [](const RpcExchange& rpc) {
           return rpc.outcome == RpcExchange::Outcome::kError;
         });
}

std::string IgnoringFunction(const Evidence& evidence, const OracleContext& context,
                             const MetFailure& met) {
  const Injection* first = FirstFailure(evidence);
  if (first == nullptr || ReportedAFailure(evidence, context.profile)) {
    return "";
  }
  if (!met.of_frames.empty()) {
    return met.stack.empty() || met.stack.front().function.empty() ? ""
                                                                   : NameInFile(met.stack.front());
  }
  const Stack stack = BlamedStack(first->stack);
  size_t met_at = 0;
  // spdk_poller_register_named calls calloc by one function more; but who calls it, and is told
  // that it failed, has met the failure.
  const size_t helpers = IsRefusal(*first, context.catalogue) ? 3 : 0;
  for (size_t i = 0; i < std::min(stack.size(), std::max(helpers, met_at + 1)); ++i) {
    met_at = PassesFailuresOn(stack[i].function, context.catalogue) ? i + 1 : met_at;
  }
  return met_at < stack.size() && !stack[met_at].function.empty() ? NameInFile(stack[met_at]) : "";
}

std::string CauseOfIgnoring(const std::string& function) {
  return function.empty() ? "" : function + " mishandles a failed call";
}

}  // namespace faultline
