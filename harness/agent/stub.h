#pragma once

#include <cstdint>

// The way from a hooked function into the agent and back, in assembly (stub.S). Every hook has a
// few instructions of its own in an arena (see patcher.h), which push the hook's index and jump to
// faultline_stub.
extern "C" {

// Entered by a jump with the hook's index on the stack above the caller's return address. Preserves
// every register of the call, vector registers included, and leaves no trace on a call that goes
// on: the function runs with the caller's own return address.
void faultline_stub();

// A lone `ret`: the trampoline of a hooked function that is itself no more than that.
void faultline_return();

// FAULTLINE_PROBES probes, one after another: where a function returns to instead of its caller
// when its result is to be seen.
void faultline_probes();

// How the stub saves vector registers, set once by InitVectorState: FAULTLINE_XSAVEC and so on, the
// bytes that takes, and the state components saved.
extern uint32_t faultline_vector_method;
extern uint64_t faultline_vector_bytes;
extern uint32_t faultline_vector_mask;

}  // extern "C"

namespace faultline::agent {

// Asks the processor how its vector registers are saved. Before the first hook.
void InitVectorState();

}  // namespace faultline::agent
