#include "harness/oracle/recursion.h"

#include <algorithm>
#include <map>
#include <string>

#include "harness/oracle/blame.h"

namespace faultline {
namespace {

// A recursion that used up a stack of 8 MiB is deeper than this unless its frames exceed 80 KiB.
constexpr size_t kDeepStack = 100;

}  // namespace

Stack TurnOfRecursion(const Stack& stack) {
  if (stack.size() < kDeepStack) {
    return {};
  }
  std::map<std::string, size_t> calls;
  size_t most = 0;
  for (const Frame& frame : stack) {
    if (!frame.function.empty() && !IsMachinery(frame)) {
      most = std::max(most, ++calls[frame.function]);
    }
  }
  if (most < kDeepStack / 8) {
    return {};
  }
  // At its two ends the stack may hold a part of a turn, and what is called in a turn may vary:
  // half as often as the most frequent one is often enough.
  const auto first = std::find_if(calls.begin(), calls.end(),
                                  [&](const auto& entry) { return entry.second >= most / 2; });
  const auto is_first = [&](const Frame& frame) { return frame.function == first->first; };
  const auto begin = std::find_if(stack.begin(), stack.end(), is_first);
  return Stack(begin, std::find_if(begin + 1, stack.end(), is_first));
}

}  // namespace faultline
