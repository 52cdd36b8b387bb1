#include "harness/oracle/last_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>

#include "harness/base/line_pattern.h"
#include "harness/oracle/last_error.h"
#include "harness/oracle/log_line.h"

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
// DPDK: lib/eal/common/eal_common_debug.c, __rte_panic: "PANIC in %s():\n", the message and the
// stack, written one after the other, so that lines of other threads may stand between them.
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

// What a panic whose first line is `index` says: the first line before the stack that it dumps
// which is no other thread's. Those are lines that fault-free runs say too, and lines that a
// logger has put its name in front of ("EAL: "), which a panic's message has not; but where there
// is nothing else, it may be one of these. "" when nothing follows.
std::string PanicMessage(const std::vector<LogLine>& log, size_t index,
                         const FaultFreeRun* fault_free) {
  static const LinePattern stack(R"(^0: \S+ [\[(])");
  static const LinePattern named(R"(^[A-Z][A-Z0-9_.]+: )");
  constexpr size_t kMostLines = 16;
  std::string message;
  bool message_is_named = true;
  for (size_t i = index + 1; i < log.size() && i <= index + kMostLines; ++i) {
    const std::string& line = log[i].text;
    if (stack.Matches(line)) {
      break;
    }
    if (fault_free != nullptr && fault_free->Says(line)) {
      continue;
    }
    const bool is_named = named.Matches(line);
    if (message.empty() || (message_is_named && !is_named)) {
      message = MessageOfLine(line);
      message_is_named = is_named;
    }
  }
  return message;
}

// The checks by which glibc finds a heap damaged some time after the deed, in any function that
// happens to allocate or to free (malloc/malloc.c, malloc_printerr). Of the others the pointer that
// is being freed is to blame, and so is who frees it.
bool IsFoundLate(std::string_view message) {
  constexpr std::array<std::string_view, 12> kLate = {"malloc_consolidate():",
                                                      "corrupted size vs.",
                                                      "malloc():",
                                                      "calloc():",
                                                      "corrupted double-linked",
                                                      "break adjusted to",
                                                      "free(): invalid next",
                                                      "free(): corrupted",
                                                      "free(): too many",
                                                      "free(): unaligned",
                                                      "realloc(): invalid next",
                                                      "double free or corruption (out)"};
  return std::any_of(kLate.begin(), kLate.end(),
                     [&](std::string_view words) { return message.starts_with(words); });
}

// What log line `index` says about a death by SIGABRT, if it says anything.
std::optional<CrashCause> ReadLastWords(const std::vector<LogLine>& log, size_t index,
                                        const FaultFreeRun* fault_free) {
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
    const std::string message = PanicMessage(log, index, fault_free);
    cause.message = message.empty() ? "panic" : fmt::format("panic: {}", message);
  } else if (const auto check = LibcCheckPattern().Match(line)) {
    cause.message = (*check)[0];
    cause.kind = IsFoundLate(cause.message) ? Class::kHeapDamage : Class::kLibcCheck;
  } else if (const auto exception = ExceptionPattern().Match(line)) {
    cause.kind = Class::kException;
    cause.message = (*exception)[0];
  } else {
    return std::nullopt;
  }
  return cause;
}

// `assert(false)` stands where the line before it says what is wrong.
std::string SaidBeforeAssertion(const std::vector<LogLine>& log, size_t assertion,
                                const std::string& function) {
  constexpr size_t kLinesBefore = 3;
  for (size_t i = assertion; i-- > 0 && assertion - i <= kLinesBefore;) {
    const std::string writer = FunctionOfLine(log[i].text);
    if (ReportsError(log[i].text) && (writer.empty() || writer == function)) {
      return MessageOfLine(log[i].text);
    }
  }
  return "";
}
bool SaysNothing(const std::string& assertion) {
  return assertion == "assertion `false' failed" || assertion == "assertion `0' failed";
}

}  // namespace

size_t FirstOfLastWords(const std::vector<LogLine>& log) {
  return log.size() > kLastWordsLines ? log.size() - kLastWordsLines : 0;
}

std::string FunctionOfLine(const std::string& line) {
  static const LinePattern pattern(R"([\w-]+\.(?:c|cc|cpp|cxx|h|hpp):\s*\d+:\s*(\w+):)");
  const auto match = pattern.Match(SplitLogLine(line).message);
  return match ? (*match)[1] : "";
}

bool MayBeOn(const Stack& stack, const std::string& function) {
  const bool all_known = std::any_of(stack.begin(), stack.end(),
                                     [](const Frame& frame) { return !frame.file.empty(); });
  return function.empty() || !all_known ||
         std::any_of(stack.begin(), stack.end(),
                     [&](const Frame& frame) { return frame.function == function; });
}

CrashCause AbortCause(const Evidence& evidence, const Stack& stack,
                      const FaultFreeRun* fault_free) {
  const std::vector<LogLine>& log = evidence.log;
  for (size_t i = log.size(); i-- > FirstOfLastWords(log);) {
    std::optional<CrashCause> cause = ReadLastWords(log, i, fault_free);
    if (cause && (fault_free == nullptr || !fault_free->Says(log[i].text))) {
      if (SaysNothing(cause->message)) {
        cause->said_before = SaidBeforeAssertion(log, i, cause->function);
      }
      return *cause;
    }
  }
  CrashCause cause;
  cause.kind = Class::kAbort;
  cause.message = "abort() without a message";
  cause.log_line =
      FindLastError(evidence, fault_free, std::numeric_limits<int64_t>::max(), kLastWordsLines);
  const std::string function = cause.log_line ? FunctionOfLine(log[*cause.log_line].text) : "";
  if (!MayBeOn(stack, function)) {
    cause.log_line.reset();  // the error of somebody else
  }
  if (cause.log_line) {
    cause.message = MessageOfLine(log[*cause.log_line].text);
    cause.function = function;
  }
  return cause;
}

}  // namespace faultline
