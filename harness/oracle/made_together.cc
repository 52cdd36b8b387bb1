#include "harness/oracle/made_together.h"

#include <algorithm>

namespace faultline {
namespace {

constexpr size_t kMostFiles = 2;

bool SameCall(const Frame& a, const Frame& b) {
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

}  // namespace

bool MadeTogether(const Stack& one, const Stack& other) {
  size_t common = 0;  // frames, from the outermost
  while (common < std::min(one.size(), other.size()) &&
         SameCall(one[one.size() - 1 - common], other[other.size() - 1 - common])) {
    ++common;
  }
  if (common == one.size() || common == other.size()) {
    return common > 0 && one.size() == other.size();
  }
  const size_t in_one = one.size() - 1 - common;
  const size_t in_other = other.size() - 1 - common;
  const Frame& function = one[in_one];
  return !function.function.empty() && function.function == other[in_other].function &&
         FilesBelow(one, in_one, function) <= kMostFiles &&
         FilesBelow(other, in_other, function) <= kMostFiles;
}

}  // namespace faultline
