#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"

namespace faultline {

// One frame as it was found in memory; harness/symbols gives it a name.
struct RawFrame {
  std::string module_path;         // file of the module; "" when the address lies in none;
                                   // kNoCode for a call through a pointer that is null or wild
  uint64_t offset = 0;             // relative to the module's load bias; the address itself in none
  bool is_return_address = false;  // false: a program counter (innermost frame, or one that a
                                   // signal interrupted)
};

struct RawThreadStack {
  int tid = 0;
  std::string name;              // as in /proc/PID/task/TID/comm
  std::vector<RawFrame> frames;  // innermost first
  bool truncated = false;        // deeper than the limit of depth, or it could not be walked on
  bool crashed = false;          // the thread that the fatal signal was for
  std::optional<BadAccess> bad_access = {};  // of that one, after SIGSEGV and SIGBUS
};

// The stacks of all threads of the target at one moment.
struct StackSnapshot {
  std::vector<RawThreadStack> threads;  // the crashed one first, else in order of tid
  int signal = 0;                       // the fatal signal that was about to end it; 0 = on request
  int64_t time_ms = 0;                  // since the start of the target
  std::string note;                     // when and how they were taken, or why there are none
};

}  // namespace faultline
