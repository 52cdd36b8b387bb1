#pragma once

#include <memory>
#include <vector>

#include "harness/scenario/load_scenario.h"

namespace faultline {

// Names that a scenario's faults and steps refer to: points, ids of faults, names of steps, a
// profile that speaks JSON-RPC, targets. Marks faults that an arm step arms as not armed at the
// start, and those of `targets`, the scenario's, that a step starts. Of several targets, steps and
// faults that name none are about the first.
void CheckReferences(LoadedScenario& loaded, const std::vector<std::shared_ptr<Target>>& targets,
                     Diagnostics& diagnostics);

}  // namespace faultline
