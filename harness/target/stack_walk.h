#pragma once

#include <sys/types.h>

#include <vector>

#include "harness/target/clock.h"
#include "harness/target/stack_snapshot.h"

namespace faultline {

inline constexpr int kMaxStackFrames = 128;

// Walks the stacks of threads of one process by their unwind tables (libdwfl). All of them are
// ptrace-stopped by the calling thread. What cannot be walked, or not before the deadline, is
// marked truncated. Fills `note` when nothing could be done at all.
std::vector<RawThreadStack> WalkStacks(const std::vector<pid_t>& tids, Deadline deadline,
                                       std::string& note);

}  // namespace faultline
