#pragma once

#include <cstddef>

#include "harness/run/live_run.h"

namespace faultline {

// Does the steps of the scenario from index `first` (from 0) on, up to the next RestartStep, one
// after the other, and puts their results into the run's evidence. Returns the index of that
// RestartStep; the number of steps when there is none.
size_t RunSteps(LiveRun& run, size_t first);

}  // namespace faultline
