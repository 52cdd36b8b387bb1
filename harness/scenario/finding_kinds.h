#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/diagnostics.h"

namespace faultline {

// Every kind of finding, in alphabetical order: the words of the table in README.md.
const std::vector<std::string>& FindingKinds();

// The kinds of which a line of a target's log can speak (`log_patterns`): all but those that the
// harness alone can judge.
const std::vector<std::string>& LogPatternKinds();

// Reports `kind` at `position` when `known` does not have it, with the word that was probably
// meant.
void CheckFindingKind(const std::string& kind, const std::vector<std::string>& known,
                      std::string_view what, const SourcePosition& position,
                      Diagnostics& diagnostics);

}  // namespace faultline
