#pragma once

#include "harness/agent/call.h"
#include "harness/agent/decision.h"

// Called at each injected call, in the failing thread, with the point's name. Empty: it is there
// for a debugger to break on.
extern "C" void faultline_injected_call(const char* point);

namespace faultline::agent {

// What becomes of a call.
enum class Effect {
  kGoOn,
  kFail,        // the original does not run
  kFailByCall,  // it runs so that it fails by itself, or before the failure is reported
};
struct Injected {
  Effect effect = Effect::kGoOn;
  uint32_t point = protocol::kNone;
  uint32_t rule = protocol::kNone;
};

// Carries out a verdict that hit, and journals it (see JournalRecord::kInjected). kFail: the call's
// result is in the frame's rax, errno and the point's error variable are set. kGoOn: after a signal
// was sent.
Injected Inject(Call& call, uint32_t point, const Verdict& verdict);

// Of a call with kFailByCall, before the original runs: puts the point's replacements in place.
void PrepareFailingCall(CallFrame& frame, const Injected& injected);

// After any wrapped original: where the call was to fail, takes the replacements back and puts the
// failure into the frame's rax and the point's error variable. The errno to be set, 0: none.
int FinishFailingCall(CallFrame& frame);

}  // namespace faultline::agent
