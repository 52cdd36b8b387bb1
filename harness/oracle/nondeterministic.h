#pragma once

#include <optional>
#include <string>

#include "harness/evidence/evidence.h"

namespace faultline {

// How often a site was reached when the same fault-free run was repeated.
struct Repetition {
  std::string point;
  std::string place;  // the code that called it, as people read it
  int seen = 0;
  int runs = 0;
};

// `nondeterministic`: not every run reached the site, so what a sweep says of it, and that it
// visited every place, holds less. A warning: it is told, but nothing fails for it. Nothing when
// every run reached it.
std::optional<Finding> JudgeRepetition(const Repetition& repetition);

inline constexpr char kNondeterministic[] = "nondeterministic";

}  // namespace faultline
