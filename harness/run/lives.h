#pragma once

#include <cstdint>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/run/executor.h"

namespace faultline {

// A start of the target and what became of it.
struct Life {
  Evidence evidence;
  int64_t begin_ms = 0;  // since the first start
};

// One evidence for all lives of a run; see Evidence::lives. A fault that hit in any of them was
// reached.
Evidence MergeLives(std::vector<Life> lives);

// Times that count from the start of a target count from `by_ms` before it then.
void ShiftTimes(Evidence& evidence, int64_t by_ms);

// What is armed in the next life: a fault that has hit all its calls is over, one that goes on for
// ever goes on. `request` is that of the life before.
std::vector<Fault> FaultsOfNextLife(const RunRequest& request, const Evidence& before);

}  // namespace faultline
