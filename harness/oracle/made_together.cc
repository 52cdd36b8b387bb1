#include "harness/oracle/made_together.h"

#include <algorithm>

namespace faultline {
namespace {

constexpr size_t kMostFiles = 2;
constexpr size_t kMostDepth = 8;  // frames below the function

bool IsSameCall(const Frame& a, const Frame& b) {
  return a.module == b.module && a.offset == b.offset && a.function == b.function;
}

// How often the source file changes on the way from the innermost of `count` frames outwards to
// `function`; frames without a file (a library without debug info) are one more file.
size_t FilesBelow(const Stack& stack, size_t count, const Frame& function) {
  size_t files = 0;
  for (size_t i = 0; i < count; ++i) {
    const std::string& next = i + 1 < count ? stack[i + 1].file : function.file;
    files += stack[i].file != next ? 1 : 0;
  }
  return files;
}

// Do the frames outside of one[i] and other[j] agree? Long stacks are cut at their outer ends, not
// always at the same frame.
bool SameCallers(const Stack& one, size_t i, const Stack& other, size_t j) {
  const size_t count = std::min(one.size() - i, other.size() - j);
  for (size_t k = 1; k < count; ++k) {
    if (!IsSameCall(one[i + k], other[j + k])) {
      return false;
    }
  }
  return count > 1;
}

}  // namespace

bool MadeTogether(const Stack& one, const Stack& other) {
  for (size_t i = 0; i < std::min(one.size(), kMostDepth); ++i) {
    for (size_t j = 0; j < std::min(other.size(), kMostDepth); ++j) {
      const Frame& function = one[i];
      if (!function.function.empty() && function.function == other[j].function &&
          SameCallers(one, i, other, j)) {
        return FilesBelow(one, i, function) <= kMostFiles &&
               FilesBelow(other, j, function) <= kMostFiles;
      }
    }
  }
  return false;
}

}  // namespace faultline
