#pragma once

#include <cstdint>

#include "harness/agent/eh_frame.h"

namespace faultline::agent {

// How to get from a place in a function to its caller, in the words of DWARF's call frame
// information: the canonical frame address (CFA) is the caller's stack pointer after the return,
// and the return address lies 8 bytes below it. Only what compilers write for ordinary functions;
// the rest is kUnknown, and left to libgcc's unwinder.
struct UnwindRule {
  enum Kind : uint8_t {
    kUnknown = 0,        // no unwind table there, or one that says more than this can hold
    kFromStack = 1,      // CFA = rsp + cfa_offset
    kFromFrame = 2,      // CFA = rbp + cfa_offset
    kFromRealigned = 3,  // CFA = the word at rbp + cfa_offset (functions that realign their stack)
    kOutermost = 4,      // no caller, or (a signal handler) none that is the same in another run
  };
  Kind kind = kUnknown;
  bool frame_saved =
      false;  // the caller's rbp lies at CFA + frame_offset; else rbp is still its own
  int16_t frame_offset = 0;
  int32_t cfa_offset = 0;

  friend bool operator==(const UnwindRule&, const UnwindRule&) = default;

  uint64_t Pack() const;
  static UnwindRule Unpack(uint64_t packed);
};

// The rule at the code address `pc`, from its module's unwind tables (Linux Standard Base 5.0,
// 10.6; DWARF 5, 6.4). Damaged tables give kOutermost: libgcc's unwinder would follow them out of
// the program.
UnwindRule FindUnwindRule(const UnwindTables& tables, uint64_t pc);

}  // namespace faultline::agent
