#pragma once

#include "harness/evidence/evidence.h"

namespace faultline {

// One turn of the recursion that used up the stack of a thread, machinery included: the frames from
// one call of a function of it to that function's next call. Empty when `stack` (innermost first)
// shows none.
//
// Which of its functions meets the stack's end is chance: that changes with the size of the
// environment and with the address at which the stack begins. So is what a function of the
// recursion was just calling there. The turn begins at the function whose name sorts first, which
// every run agrees about.
Stack TurnOfRecursion(const Stack& stack);

}  // namespace faultline
