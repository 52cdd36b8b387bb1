#pragma once

#include "harness/agent/call.h"
#include "harness/agent/decision.h"

// Called at each injected call, in the failing thread, with the point's name. Empty: it is there
// for a debugger to break on.
extern "C" void faultline_injected_call(const char* point);

namespace faultline::agent {

// Carries out a verdict that hit, and journals it (see JournalRecord::kInjected). True when the
// call has failed: its result is in the frame's rax, errno and the point's error variable are set;
// false when it goes on, after a signal was sent.
bool Inject(Call& call, uint32_t point, const Verdict& verdict);

}  // namespace faultline::agent
