#pragma once

#include <cstdint>

#include "harness/protocol/snapshot.h"

namespace faultline::agent {

// Its first instruction is a `syscall`.
extern "C" __attribute__((visibility("hidden"))) void faultline_call_instruction();

enum class StepsEnd {
  kDone,
  kFailed,  // SnapshotControl::failed_step was an error
  kChild,   // this is the child that a kFork has made; it has carried out nothing yet
};

// Carries out the steps from `begin` to `end`. Needs nothing of libc and no thread-local storage.
StepsEnd RunSteps(protocol::SnapshotControl* control, uint32_t begin, uint32_t end);

}  // namespace faultline::agent
