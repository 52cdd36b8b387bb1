#include "harness/report/stack_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/oracle/blame.h"
#include "harness/report/text.h"

namespace faultline {
namespace {

// Functions that call each other round in a circle: more than that are seldom seen.
constexpr size_t kLongestCircle = 8;
// Twice the same is no recursion worth a line of its own.
constexpr size_t kFewestRounds = 3;

bool IsStandardLibrary(const Frame& frame) {
  return frame.function.starts_with("std::") || frame.function.starts_with("__gnu_cxx::");
}

struct Circle {
  size_t length = 1;
  size_t rounds = 1;
};

// What repeats from `begin` on, by the shortest circle.
Circle CircleAt(const std::vector<std::string>& lines, size_t begin) {
  for (size_t length = 1; length <= kLongestCircle; ++length) {
    size_t same = begin + length;
    while (same < lines.size() && lines[same] == lines[same - length]) {
      ++same;
    }
    if (const size_t rounds = (same - begin) / length; rounds >= kFewestRounds) {
      return {length, rounds};
    }
  }
  return {};
}

}  // namespace

std::string FrameText(const Frame& frame) {
  Frame shortened = frame;
  shortened.file = ShortPath(frame.file);
  shortened.function = FoldTemplates(frame.function);
  return shortened.ToString();
}

std::vector<std::string> StackLines(const Stack& stack, size_t most, bool whole) {
  std::vector<std::string> frames;
  std::vector<size_t> numbers;  // of the frames behind these, from 1
  for (size_t i = 0; i < stack.size(); ++i) {
    if (whole || i == 0 || !IsStandardLibrary(stack[i])) {
      frames.push_back(FrameText(stack[i]));
      numbers.push_back(i + 1);
    }
  }
  std::vector<std::string> lines;
  size_t told = 0;  // frames of `stack`
  for (size_t i = 0; i < frames.size() && lines.size() < most;) {
    const Circle circle = whole ? Circle() : CircleAt(frames, i);
    const size_t shown = std::min(circle.length, most - lines.size());
    for (size_t k = 0; k < shown; ++k) {
      lines.push_back(fmt::format("{} {}", lines.empty() ? "at" : "by", frames[i + k]));
    }
    if (circle.rounds > 1) {
      lines.push_back(circle.length == 1
                          ? fmt::format("... this frame x {}", circle.rounds)
                          : fmt::format("... these {} frames x {}", circle.length, circle.rounds));
    }
    i += circle.rounds > 1 ? circle.length * circle.rounds : shown;
    told = i == frames.size() ? stack.size() : numbers[i - 1];
  }
  if (told < stack.size()) {
    lines.push_back(fmt::format("... {} more frames", stack.size() - told));
  }
  return lines;
}

}  // namespace faultline
