#include "harness/oracle/sanitizer_report.h"

#include <charconv>
#include <filesystem>
#include <optional>

#include "harness/base/line_pattern.h"

namespace faultline {
namespace {

// compiler-rt, lib/sanitizer_common: "==PID==ERROR: TOOL: MESSAGE"; TSan says WARNING and no PID.
// Each tool takes fatal signals (sanitizer_symbolizer_report.cpp), and tells of them in this way.
const LinePattern& HeadPattern() {
  static const LinePattern pattern(
      R"((?:ERROR|WARNING): ((?:Address|Leak|Thread|Memory|HWAddress|UndefinedBehavior)Sanitizer): (.*))");
  return pattern;
}
// lib/lsan: "Direct leak of 7 byte(s) in 1 object(s) allocated from:"
const LinePattern& LeakPattern() {
  static const LinePattern pattern(R"(^Direct leak of \d+ byte\(s\) in \d+ object\(s\))");
  return pattern;
}
// lib/ubsan: "FILE:LINE:COLUMN: runtime error: MESSAGE"
const LinePattern& UndefinedPattern() {
  static const LinePattern pattern(R"(^([^\s:]+):(\d+):\d+: runtime error: (.*))");
  return pattern;
}
// "    #0 0x55d0 in function file.c:12:3", "    #0 0x55d0 (/path/module+0x1234) (BuildId: ...)"
const LinePattern& FramePattern() {
  static const LinePattern pattern(
      R"(^\s*#\d+ 0x[0-9a-f]+\s+(?:in (.+?) )?(?:([^\s()]+?):(\d+)(?::\d+)?|\((.+?)\+0x([0-9a-f]+)\).*)$)");
  return pattern;
}

int ParseInt(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

uint64_t ParseHex(const std::string& text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

std::optional<Frame> ReadFrame(const std::string& line) {
  const auto match = FramePattern().Match(line);
  if (!match) {
    return std::nullopt;
  }
  Frame frame;
  frame.function = (*match)[1];
  if (!(*match)[2].empty()) {
    frame.file = (*match)[2];
    frame.line = ParseInt((*match)[3]);
    if (frame.file.find("libsanitizer/") != std::string::npos ||
        frame.file.find("compiler-rt/") != std::string::npos) {
      frame.module = "libasan.so";  // GCC's and Clang's own, whichever tool it is
    }
  } else {
    frame.module = std::filesystem::path((*match)[4]).filename();
    frame.offset = ParseHex((*match)[5]);
  }
  return frame;
}

// The first stack behind line `index`; it ends with the first line that is no frame. A report has
// a few lines of text in front of it.
Stack ReadStack(const std::vector<LogLine>& log, size_t index) {
  constexpr size_t kLinesBefore = 6;
  Stack stack;
  for (size_t i = index + 1; i < log.size(); ++i) {
    if (std::optional<Frame> frame = ReadFrame(log[i].text)) {
      stack.push_back(std::move(*frame));
    } else if (!stack.empty() || i > index + kLinesBefore) {
      break;
    }
  }
  return stack;
}

// "heap-use-after-free on address 0x... at pc ..." without what differs.
std::string Kind(const std::string& message) {
  static const LinePattern pattern(R"(^(.*?)(?: on (?:unknown )?(?:address|0x)| \(pid|:|$))");
  const auto match = pattern.Match(message);
  return match && !(*match)[1].empty() ? (*match)[1] : message;
}

// Regular expressions are slow, and nearly all lines are something else.
bool MaySpeak(std::string_view line) {
  return line.find("Sanitizer: ") != std::string_view::npos ||
         line.find("runtime error: ") != std::string_view::npos ||
         line.starts_with("Direct leak of ");
}

}  // namespace

bool IsLeakReport(const Finding& finding) {
  return finding.kind == "sanitizer" && finding.title.starts_with("LeakSanitizer: direct leak");
}

std::vector<SanitizerReport> ReadSanitizerReports(const std::vector<LogLine>& log) {
  std::vector<SanitizerReport> reports;
  for (size_t i = 0; i < log.size(); ++i) {
    if (!MaySpeak(log[i].text)) {
      continue;
    }
    SanitizerReport report;
    report.line = i;
    if (const auto head = HeadPattern().Match(log[i].text)) {
      if ((*head)[2].starts_with("detected memory leaks")) {
        continue;  // they follow, each a report
      }
      report.tool = (*head)[1];
      report.message = Kind((*head)[2]);
      report.stack = ReadStack(log, i);
      report.fatal = (*head)[0].starts_with("ERROR") || report.tool == "MemorySanitizer";
    } else if (LeakPattern().Matches(log[i].text)) {
      report.tool = "LeakSanitizer";
      report.message = "direct leak of memory";
      report.stack = ReadStack(log, i);
    } else if (const auto undefined = UndefinedPattern().Match(log[i].text)) {
      report.tool = "UndefinedBehaviorSanitizer";
      report.message = (*undefined)[3];
      Frame frame;
      frame.file = (*undefined)[1];
      frame.line = ParseInt((*undefined)[2]);
      report.stack = {frame};
    } else {
      continue;
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace faultline
