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

// What is left of `faults` in the next life: one that has hit all its calls is over, one that goes
// on for ever goes on. `before` is the life before.
std::vector<Fault> FaultsOfNextLife(const std::vector<Fault>& faults, const Evidence& before);

// Those of `faults` that are for this life, from 1. What waits for one that is for another life is
// not among them.
std::vector<Fault> FaultsOfLife(const std::vector<Fault>& faults, int life);

}  // namespace faultline
