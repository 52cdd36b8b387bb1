#pragma once

#include <optional>
#include <string>

#include "harness/evidence/evidence.h"
#include "harness/scenario/model.h"

namespace faultline {

// Why a target that a signal ended died, as far as its last words, the signal and the stack tell.
struct CrashCause {
  enum class Class {
    kAssertion,      // assert() of C
    kPanic,          // "PANIC in FUNCTION():", DPDK's rte_panic
    kLibcCheck,      // glibc found its heap, a stack guard or a buffer damaged
    kException,      // an uncaught C++ exception
    kAbort,          // abort() without a known message
    kWildPointer,    // SIGSEGV or SIGBUS
    kStackOverflow,  // SIGSEGV at the end of a deep recursion
    kOtherSignal,
  };
  Class kind = Class::kOtherSignal;
  std::string message;             // one line, as the target put it or as the signal means it
  std::string function;            // named by the message itself; "" = none
  Stack turn = {};                 // of kStackOverflow: TurnOfRecursion, the code to blame
  std::optional<size_t> log_line;  // index into Evidence::log of what it was read from
  bool deliberate = false;  // announced by a line that the profile lists as an abort on purpose
  bool allowed = false;     // and this kind of target may end so
  std::string note = {};    // the profile's
};

// `stack` is the crashed thread's, machinery included; may be empty.
CrashCause FindCrashCause(const Evidence& evidence, const Profile& profile, const Stack& stack);

// The thread that crashed; nullptr when no stack of it was taken.
const ThreadStack* CrashedThread(const Evidence& evidence);

}  // namespace faultline
