#pragma once

#include "harness/agent/call.h"
#include "harness/agent/decision.h"
#include "harness/agent/injection.h"
#include "harness/protocol/plan.h"

namespace faultline::agent {

// A call of a point whose return is watched.
struct WatchedCall {
  uint32_t point = protocol::kNone;  // kNone: it is not
  Verdict verdict;
};

// Journals a call that a function's observer (kNone: there is none) sees. `effect`: with kFail the
// original does not run and the frame's rax is its result. True when the original is to be called
// from the stub, for the observer, for `watched` or for `effect`, with FinishWrapped afterwards.
bool Observe(Call& call, uint32_t observer, Effect effect, const WatchedCall& watched);

// A rule has failed this call: the watched calls that its thread is in are told of it.
void NoteHit(Call& call);

// The wrapped original has returned; its result is in the frame's rax. A call that is left by an
// exception, longjmp or pthread_exit never comes here and is not journaled.
void FinishWrapped(CallFrame& frame);

}  // namespace faultline::agent
