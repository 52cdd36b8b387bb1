#pragma once

#include "harness/scenario/model.h"

namespace faultline {

// The fault-free life that a scenario with faults is compared with: the same target and its own
// steps. A line of the log that is expected may stay away (only the fault may bring it about), the
// end may have any clean code, and a target that nobody asked to end when its end is waited for is
// asked then. Any answer will do to a call that is expected to fail. It waits until the target is
// ready, and must succeed.
Scenario FaultFreeScenario(const Scenario& scenario);

}  // namespace faultline
