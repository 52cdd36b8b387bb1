#pragma once

#include <cstdint>
#include <map>
#include <string>
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

// How many calls have counted for each of `faults` in a life, by id: those that Fault::first and
// Fault::last count. `planned` are the ids that its plan has, in the order of its rules. Not of a
// fault that is not armed at the end of the life (Fault::armed_at_start): it counts anew.
std::map<std::string, uint64_t> CountedCalls(const std::vector<Fault>& faults,
                                             const std::vector<std::string>& planned,
                                             const JournalSnapshot& journal);

// What is left of `faults` in the next life: one that has hit all its calls, or whose calls have
// all come, is over; the others count on. `before` is the life before, `counted` what CountedCalls
// says of it.
std::vector<Fault> FaultsOfNextLife(const std::vector<Fault>& faults, const Evidence& before,
                                    const std::map<std::string, uint64_t>& counted);

// Those of `faults` that are for this life, from 1. What waits for one that is for another life is
// not among them.
std::vector<Fault> FaultsOfLife(const std::vector<Fault>& faults, int life);

}  // namespace faultline
