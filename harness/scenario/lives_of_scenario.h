#pragma once

#include "harness/scenario/diagnostics.h"
#include "harness/scenario/model.h"

namespace faultline {

// Writes a scenario's cycles (`repeat`) out as steps, and says what in it is of a life of the
// target that never comes, or done too seldom to tell anything. For a scenario whose steps, faults
// and targets have been read.
void LayOutLives(Scenario& scenario, Diagnostics& diagnostics);

}  // namespace faultline
