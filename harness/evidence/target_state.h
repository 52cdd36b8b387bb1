#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/scenario/profile.h"

namespace faultline {

// What a target tells of itself: of each state probe's method its answer as StateOf has it. Probes
// that the target does not know are not in it.
using TargetState = std::map<std::string, nlohmann::json>;

// The part of `answer` that is state: without what `probe` calls volatile, lists of maps turned
// into maps by their keys, the elements of other lists in order of what they say.
nlohmann::json StateOf(const nlohmann::json& answer, const StateProbe& probe);

// A member, element or value that one state has otherwise than another.
struct StateChange {
  enum class Kind { kAdded, kRemoved, kChanged };
  Kind kind = Kind::kChanged;
  std::string probe;  // its method
  std::string path;   // "Malloc0", "Malloc0.claimed"; "" = the whole answer
  nlohmann::json before;
  nlohmann::json after;

  // "bdev_get_bdevs has `Malloc0' now", "... no longer has ...", "... `Malloc0.claimed' was false
  // and is true".
  std::string ToString() const;
};

// What both have, compared; a member that only one has is told once, not with all that is in it.
std::vector<StateChange> CompareStates(const TargetState& before, const TargetState& after);

}  // namespace faultline
