#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/run_report.h"

namespace faultline {

// Text in colours, or plain when there are to be none.
class Paint {
 public:
  enum class Color { kRed = 31, kGreen = 32, kYellow = 33, kBlue = 34, kBold = 1, kDim = 2 };

  explicit Paint(bool on) : on_(on) {}
  std::string operator()(Color color, std::string_view text) const;

 private:
  bool on_;
};

// How much of everything a story tells.
struct StoryLimits {
  size_t width = 100;   // columns of the terminal; a line of the story may take two of its lines
  bool wrap = false;    // lines are broken at the width
  size_t findings = 3;  // told with details; the others by their title
  size_t details = 6;   // lines of a finding
  size_t frames = 6;    // of a stack
  size_t injections = 2;
  size_t log_lines = 8;
  size_t threads = 0;         // stacks of all threads
  bool whole_stacks = false;  // with the frames of C++'s standard library
};

// The parts of a story, in the order in which they are told: each a heading and its lines, escaped
// and cut to the width. What is empty is left out.
class Story {
 public:
  Story(const RunReport& report, const StoryLimits& limits, const Paint& paint)
      : report_(report), limits_(limits), paint_(paint) {}

  std::string Tell();

 private:
  void Findings();
  void Injections();
  void Log();
  void Course();
  void Contract();
  void Commands();
  void Threads();

  void Heading(std::string_view text);
  void Line(std::string_view text, size_t indent = 2);
  void TellStack(const Stack& stack, size_t indent);
  void TellFinding(const Finding& finding);
  void More(size_t shown, size_t all, std::string_view what, size_t indent = 2);

  const RunReport& report_;
  const StoryLimits& limits_;
  const Paint& paint_;
  std::string out_;
};

}  // namespace faultline
