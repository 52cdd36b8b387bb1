#pragma once

#include "harness/scenario/model.h"

namespace faultline {

// The fault-free life that a scenario with faults is compared with: the same target, start and RPC
// calls, without what only a failure brings about. It waits until the target is ready, asks for no
// log lines and no exit, sends no signal but the stop at the end, and takes any answer to a call
// that is expected to fail. It must succeed.
Scenario FaultFreeScenario(const Scenario& scenario);

}  // namespace faultline
