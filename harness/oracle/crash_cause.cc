#include "harness/oracle/crash_cause.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <vector>

#include "harness/oracle/line_pattern.h"
#include "harness/oracle/recursion.h"

namespace faultline {
namespace {

using Class = CrashCause::Class;

// How far back in the log the last words are looked for; other threads may have gone on writing.
constexpr size_t kLastWordsLines = 200;

// glibc: assert/assert.c, "%s%s%s:%u: %s%sAssertion `%s' failed."
const LinePattern& AssertionPattern() {
  static const LinePattern pattern(R"(([^\s:]+):\d+: (?:(.*): )?Assertion `(.*)' failed)");
  return pattern;
}
// DPDK: lib/eal/common/eal_common_debug.c, "PANIC in %s():", then the message on a line of its own.
const LinePattern& PanicPattern() {
  static const LinePattern pattern(R"(PANIC in (\w+)\(\):)");
  return pattern;
}
// glibc: malloc/malloc.c (malloc_printerr), debug/fortify_fail.c, and "Fatal glibc error".
const LinePattern& LibcCheckPattern() {
  static const LinePattern pattern(
      R"((?:malloc|free|realloc|calloc|malloc_consolidate|munmap_chunk|mremap_chunk)\(\): )"
      R"((?:invalid|corrupted|unaligned|double free|unsorted|mismatching|largebin|smallbin|memory)"
      R"(|too many|too large).*)"
      R"(|double free or corruption.*|corrupted (?:size vs|double-linked).*|break adjusted to.*)"
      R"(|\*\*\* [\w ]+ detected \*\*\*.*|Fatal glibc error:.*)");
  return pattern;
}
const LinePattern& ExceptionPattern() {
  static const LinePattern pattern("terminate called .*|pure virtual method called.*");
  return pattern;
}

// C++'s assert() writes "bool Pool::Free(int)": without return type and parameters it is the name
// that stacks have too.
std::string BareFunction(const std::string& pretty) {
  const std::string name = pretty.substr(0, pretty.find('('));
  const size_t blank = name.rfind(' ');
  return blank == std::string::npos ? name : name.substr(blank + 1);
}

std::string LineBehind(const std::vector<LogLine>& log, size_t index) {
  return index + 1 < log.size() ? log[index + 1].text : "";
}

// What log line `index` says about a death by SIGABRT, if it says anything.
std::optional<CrashCause> ReadLastWords(const std::vector<LogLine>& log, size_t index) {
  const std::string& line = log[index].text;
  CrashCause cause;
  cause.log_line = index;
  if (const auto match = AssertionPattern().Match(line)) {
    cause.kind = Class::kAssertion;
    cause.function = BareFunction((*match)[2]);
    cause.message = fmt::format("assertion `{}' failed", (*match)[3]);
  } else if (const auto panic = PanicPattern().Match(line)) {
    cause.kind = Class::kPanic;
    cause.function = (*panic)[1];
    cause.message = fmt::format("panic: {}", LineBehind(log, index));
  } else if (const auto check = LibcCheckPattern().Match(line)) {
    cause.kind = Class::kLibcCheck;
    cause.message = (*check)[0];
  } else if (const auto exception = ExceptionPattern().Match(line)) {
    cause.kind = Class::kException;
    cause.message = (*exception)[0];
  } else {
    return std::nullopt;
  }
  return cause;
}

size_t FirstOfLastWords(const std::vector<LogLine>& log) {
  return log.size() > kLastWordsLines ? log.size() - kLastWordsLines : 0;
}

CrashCause AbortCause(const std::vector<LogLine>& log) {
  for (size_t i = log.size(); i-- > FirstOfLastWords(log);) {
    if (std::optional<CrashCause> cause = ReadLastWords(log, i)) {
      return *cause;
    }
  }
  return {.kind = Class::kAbort,
          .message = "abort() without a message",
          .function = "",
          .turn = {},
          .log_line = std::nullopt};
}

std::string SignalMeaning(int signal) {
  switch (signal) {
    case SIGFPE:
      return "division by zero or another arithmetic trap";
    case SIGILL:
    case SIGTRAP:
      return "illegal or trapping instruction";
    case SIGSYS:
      return "system call that a filter forbids";
    case SIGKILL:
      return "killed from outside (by the kernel for lack of memory?)";
    default:
      return "unhandled signal";
  }
}

// The line by which the profile knows an abort on purpose, among the last words.
struct DeliberateLine {
  size_t line;  // index into Evidence::log
  bool allowed;
  std::string note;
};

// A note that speaks of a version is for targets that say that they are of it.
bool NoteHolds(const DeliberateAbort& abort, const Evidence& evidence) {
  if (abort.note_when.empty()) {
    return true;
  }
  const LinePattern when(abort.note_when);
  return std::any_of(evidence.log.begin(), evidence.log.end(),
                     [&](const LogLine& line) { return when.Matches(line.text); });
}

std::optional<DeliberateLine> FindDeliberateLine(const Evidence& evidence, const Profile& profile) {
  for (const DeliberateAbort& abort : profile.deliberate_abort) {
    const LinePattern pattern(abort.pattern);
    for (size_t i = evidence.log.size(); i-- > FirstOfLastWords(evidence.log);) {
      if (pattern.Matches(evidence.log[i].text)) {
        return DeliberateLine{i, abort.allowed, NoteHolds(abort, evidence) ? abort.note : ""};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

const ThreadStack* CrashedThread(const Evidence& evidence) {
  const auto crashed = std::find_if(evidence.threads.begin(), evidence.threads.end(),
                                    [](const ThreadStack& thread) { return thread.crashed; });
  return crashed == evidence.threads.end() ? nullptr : &*crashed;
}

CrashCause FindCrashCause(const Evidence& evidence, const Profile& profile, const Stack& stack) {
  CrashCause cause;
  switch (evidence.exit.code) {
    case SIGABRT:
      cause = AbortCause(evidence.log);
      if (const auto deliberate = FindDeliberateLine(evidence, profile)) {
        cause.deliberate = true;
        cause.allowed = deliberate->allowed;
        cause.note = deliberate->note;
        if (cause.kind == Class::kAbort) {
          cause.message = evidence.log[deliberate->line].text;
          cause.log_line = deliberate->line;
        }
      }
      return cause;
    case SIGSEGV:
    case SIGBUS:
      cause.turn = TurnOfRecursion(stack);
      cause.kind = cause.turn.empty() ? Class::kWildPointer : Class::kStackOverflow;
      cause.message = cause.kind == Class::kStackOverflow ? "stack overflow" : "wild pointer";
      return cause;
    default:
      cause.message = SignalMeaning(evidence.exit.code);
      return cause;
  }
}

}  // namespace faultline
