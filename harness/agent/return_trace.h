#pragma once

#include <cstdint>

#include "harness/agent/call.h"

// What the functions return that are running when a call is made to fail (see
// harness/protocol/return_trace.h): their return addresses are replaced by probes, a few
// instructions each in stub.S, which note the result and go on where the function was to return to.
// Unwinders pass probes by their unwind tables, as if they were one more frame of the agent.
namespace faultline::agent {

// Begins to trace the functions that `call`, which a rule has failed, was made by; of the first
// such call of the process. Nothing is traced where return addresses must stay as they are: with a
// shadow stack, or in a sanitizer's process, which tells stacks by them. To be called before the
// call returns.
void TraceReturns(Call& call);

// The return address that a probe stands for; `address` itself when it is no probe.
uint64_t ThroughProbe(uint64_t address);

}  // namespace faultline::agent
