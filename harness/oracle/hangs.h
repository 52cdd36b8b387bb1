#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/model.h"

namespace faultline {

// The phases of a target that is not ready, and of one that does not end; others are "answer to
// METHOD".
inline constexpr char kStartPhase[] = "start";
inline constexpr char kStopPhase[] = "stop";

// What did not come to an end.
struct Hang {
  std::string phase;  // kStartPhase, "answer to METHOD", kStopPhase; part of the signature
  std::string title;
  std::string limit;  // what was waited for, and for how long
  int step = 0;
  const WaitAccount* wait = nullptr;  // never null
};

// In order of time; what comes later in one run follows from what came first. Without those that a
// target which is well need not end.
std::vector<Hang> FindHangs(const Evidence& evidence, const Scenario& scenario);

// When the limit was reached, in ms since the start of the target: what it says later, as it is
// made to stop, is no cause.
int64_t WhenLimitWasReached(const Hang& hang, const Evidence& evidence);

}  // namespace faultline
