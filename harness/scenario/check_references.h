#pragma once

#include "harness/scenario/load_scenario.h"

namespace faultline {

// Names that a scenario's faults and steps refer to: points, ids of faults, names of steps, a
// profile that speaks JSON-RPC. Marks faults that an arm step arms as not armed at the start.
void CheckReferences(LoadedScenario& loaded, Diagnostics& diagnostics);

}  // namespace faultline
