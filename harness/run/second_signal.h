#pragma once

#include "harness/run/live_run.h"

namespace faultline {

// Of a target that has not ended within its stop limit: was its stop signal lost? One that looks at
// a flag and then sleeps in accept() or poll() never learns of a signal that came between the two.
// Takes the stacks of all threads, as of a hang, then sends the signal once more and sees what
// comes of it; Evidence::second_signal says that. True when the first was lost and the target has
// ended now. False when it hung, whether the second signal has ended it or not. At once where no
// second signal can tell anything: it was asked in another way, or sleeps where no signal wakes it,
// or computes. Else it takes about 0.2 s of a target that hangs, and up to its stop limit of one
// that the signal woke.
bool ObeysSecondSignal(LiveRun& run);

}  // namespace faultline
