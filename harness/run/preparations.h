#pragma once

#include "harness/run/executor.h"
#include "harness/run/sandbox.h"
#include "harness/target/event_loop.h"

namespace faultline {

// Runs the scenario's own preparations (`prepare`) in the run directory of `sandbox`, one after
// another. Failure (kBadInput) when one fails: the run would be meaningless, and that is no
// evidence about the target.
void Prepare(const RunRequest& request, const Sandbox& sandbox, EventLoop& loop);

}  // namespace faultline
