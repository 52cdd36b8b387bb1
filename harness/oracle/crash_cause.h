#pragma once

#include <optional>
#include <string>

#include "harness/evidence/evidence.h"
#include "harness/oracle/fault_free_run.h"
#include "harness/scenario/model.h"

namespace faultline {

// Why a target that a signal ended died, as far as its last words, the signal and the stack tell.
struct CrashCause {
  enum class Class {
    kAssertion,      // assert() of C
    kPanic,          // "PANIC in FUNCTION():", DPDK's rte_panic
    kLibcCheck,      // glibc found its heap, a stack guard or a buffer damaged
    kException,      // an uncaught C++ exception
    kHeapDamage,     // glibc, or a wild pointer inside malloc(), shows that the heap was damaged
                     // before: who found it is chance
    kAbort,          // abort() behind an error of the target's own words, or without any
    kWildPointer,    // SIGSEGV or SIGBUS
    kWildCall,       // SIGSEGV of a call through a null pointer, or one that points to no code
    kStackOverflow,  // SIGSEGV at the end of a deep recursion
    kOtherSignal,
  };
  Class kind = Class::kOtherSignal;
  std::string message;   // one line, as the target put it or as the signal means it
  std::string function;  // named by the message itself; "" = none
  // What a title says instead of `message`, where that is known more closely in one run than in
  // another that shows the same bug: what a pointer to freed memory leads to is chance. "" = the
  // message.
  std::string told = {};
  std::string address = {};  // "address 0x18", what was accessed; "" = not known, or no matter
  Stack turn = {};           // of kStackOverflow: TurnOfRecursion, the code to blame
  // Index into Evidence::log of what it was read from.
  std::optional<size_t> log_line = {};
  // The error that the function wrote right before an assertion that says nothing itself
  // (`assert(false)`), for the title; part of no signature. "" = none.
  std::string said_before = {};
  bool deliberate = false;  // the target ended itself on purpose: announced by a line that the
                            // profile lists so, or as the crash oracle knows by the failure
  bool allowed = false;     // and this kind of target may end so: by design
  std::string note = {};    // the profile's
};

// `stack` is the crashed thread's, machinery included; may be empty. What fault-free runs say too
// (`fault_free`, may be nullptr) is nobody's last words.
CrashCause FindCrashCause(const Evidence& evidence, const Profile& profile, const Stack& stack,
                          const FaultFreeRun* fault_free = nullptr);

// The thread that crashed; nullptr when no stack of it was taken.
const ThreadStack* CrashedThread(const Evidence& evidence);

}  // namespace faultline
