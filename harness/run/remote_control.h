#pragma once

#include <vector>

#include "harness/run/live_run.h"
#include "harness/target/event_loop.h"

namespace faultline {

// Points of a live target are switched by hand: libfiu's `fiu-ctrl` (fiu-ctrl(1), package
// fiu-utils) makes all calls of a point fail, or some of them at random, or those below a function.
//
// Tells on stderr how, and waits until the user presses Enter (or standard input ends), or all of
// `targets` have ended. `loop` serves them. What it throws passes: Ctrl-C ends the run.
void AwaitSwitches(const std::vector<LiveRun*>& targets, EventLoop& loop);

}  // namespace faultline
