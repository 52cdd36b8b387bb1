#include "harness/run/ended_meanwhile.h"

#include <algorithm>

namespace faultline {
namespace {

bool IsEnd(const StateChange& change) {
  const bool falls =
      change.before.is_number() && change.after.is_number() && change.after < change.before;
  return change.kind == StateChange::Kind::kRemoved ||
         (change.kind == StateChange::Kind::kChanged && falls);
}

}  // namespace

std::vector<StateChange> WithoutEnds(std::vector<StateChange> changes,
                                     const std::vector<StateProbe>& probes) {
  std::erase_if(changes, [&](const StateChange& change) {
    return IsEnd(change) && std::any_of(probes.begin(), probes.end(), [&](const StateProbe& probe) {
             return !probe.promised && probe.call.method == change.probe;
           });
  });
  return changes;
}

}  // namespace faultline
