#pragma once

#include <cstddef>
#include <optional>

#include "harness/evidence/evidence.h"

namespace faultline {

// A function that was running both when one stack was taken and when another was, as far as its
// callers tell: the innermost one whose callers are the same in both.
struct CommonCall {
  size_t in_one = 0;  // index of its frame in either stack
  size_t in_other = 0;
};

// nullopt when the stacks have no caller in common: another thread, or a stack without names. The
// function may be at different places in the two; what lies outside of it may not. Long stacks are
// cut at their outer ends, not always at the same frame.
std::optional<CommonCall> FindCommonCall(const Stack& one, const Stack& other);

}  // namespace faultline
