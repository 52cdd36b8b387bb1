#pragma once

#include "harness/evidence/evidence.h"

namespace faultline {

// Calls a function of `stack` "main" that has no name, as in a stripped program, and is called by
// what calls nothing else: glibc's __libc_start_call_main (sysdeps/nptl/libc_start_call_main.h).
void NameMain(Stack& stack);

}  // namespace faultline
