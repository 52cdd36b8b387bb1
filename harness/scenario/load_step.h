#pragma once

#include <optional>
#include <set>
#include <string>

#include "harness/scenario/map_reader.h"
#include "harness/scenario/scenario.h"

namespace faultline {

// One step that is not an include: a word (`wait_ready`, `wait_exit`) or a map with one action and
// its settings. The forms are described in scenarios/README.md.
std::optional<Step> ReadStep(const YamlValue& value, ReadContext& context);

// `tolerance` of a scenario or a step.
std::optional<Tolerance> ReadToleranceWord(const YamlValue& value, ReadContext& context);

// Names of the variables that the step gives values to.
std::set<std::string> SavedBy(const Step& step);

// A command, as in `prepare`: {run: [PROGRAM, ARGUMENT ...], expect_exit: 0}.
CommandStep ReadCommand(MapReader& map);

}  // namespace faultline
