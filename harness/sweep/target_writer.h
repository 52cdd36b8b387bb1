#pragma once

#include "harness/scenario/scenario.h"
#include "harness/sweep/yaml_writer.h"

namespace faultline {

// How a target is asked to end, and what of its end is clean.
void WriteEnd(YamlWriter& yaml, const EndRules& end);

// The targets of a scenario that has several, and which of them is the subject.
void WriteTargets(YamlWriter& yaml, const Scenario& scenario);

}  // namespace faultline
