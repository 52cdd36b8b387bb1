#include "harness/oracle/common_call.h"

#include <algorithm>

namespace faultline {
namespace {

bool SamePlace(const Frame& a, const Frame& b) {
  return a.module == b.module && a.offset == b.offset && a.function == b.function;
}

// Is `outer` the function that `inner` was inlined into? Both have the one address.
bool IsInlinedInto(const Frame& inner, const Frame& outer) {
  return inner.module == outer.module && inner.offset == outer.offset;
}

// Do the frames outside of one[i] and other[j] agree, as far as the shorter stack goes?
bool HaveSameCallers(const Stack& one, size_t i, const Stack& other, size_t j) {
  const size_t count = std::min(one.size() - i, other.size() - j);
  for (size_t k = 1; k < count; ++k) {
    const Frame& a = one[i + k];
    const Frame& b = other[j + k];
    const bool same = IsInlinedInto(one[i], a) && IsInlinedInto(other[j], b)
                          ? a.function == b.function && a.file == b.file && a.line == b.line
                          : SamePlace(a, b);
    if (!same) {
      return false;
    }
  }
  return count > 1;
}

std::optional<CommonCall> Find(const Stack& one, const Stack& other, bool whole) {
  for (size_t i = 0; i < one.size(); ++i) {
    for (size_t j = 0; j < other.size(); ++j) {
      const bool ends_alike = one.size() - i == other.size() - j;
      if ((ends_alike || !whole) && !one[i].function.empty() &&
          one[i].function == other[j].function && one[i].module == other[j].module &&
          HaveSameCallers(one, i, other, j)) {
        return CommonCall{i, j};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<CommonCall> FindCommonCall(const Stack& one, const Stack& other) {
  // A recursive function may fit in several ways; the one in which both stacks end alike is right.
  const std::optional<CommonCall> whole = Find(one, other, /*whole=*/true);
  return whole ? whole : Find(one, other, /*whole=*/false);
}

}  // namespace faultline
