#pragma once

#include "harness/agent/call.h"
#include "harness/protocol/plan.h"

namespace faultline::agent {

// Journals a call of an observed function. `failed`: a rule failed it, so the original does not run
// and the frame's rax is its result. True when the original is to be called from the stub, with
// FinishObserved afterwards.
bool Observe(Call& call, uint32_t observer, bool failed);

// The wrapped original has returned; its result is in the frame's rax. A call that is left by an
// exception, longjmp or pthread_exit never comes here and is not journaled.
void FinishObserved(CallFrame& frame);

}  // namespace faultline::agent
