#pragma once

#include "harness/scenario/map_reader.h"
#include "harness/scenario/scenario.h"

namespace faultline {

// One step that is not an include: a word (`wait_ready`, `wait_exit`) or a map with one action and
// its settings. The forms are described in scenarios/README.md.
std::optional<Step> ReadStep(const YamlValue& value, ReadContext& context);

// A command, as in `prepare`: {run: [PROGRAM, ARGUMENT ...], expect_exit: 0}.
CommandStep ReadCommand(MapReader& map);

}  // namespace faultline
