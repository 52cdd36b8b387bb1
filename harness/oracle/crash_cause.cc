#include "harness/oracle/crash_cause.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <limits>
#include <string_view>
#include <vector>

#include "harness/base/line_pattern.h"
#include "harness/oracle/blame.h"
#include "harness/oracle/last_error.h"
#include "harness/oracle/log_line.h"
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

size_t FirstOfLastWords(const std::vector<LogLine>& log) {
  return log.size() > kLastWordsLines ? log.size() - kLastWordsLines : 0;
}

// SPDK and others name the function in front of the level: "thread.c:3012:spdk_spin_lock: ".
std::string FunctionOfLine(const std::string& line) {
  static const LinePattern pattern(R"([\w-]+\.(?:c|cc|cpp|cxx|h|hpp):\s*\d+:\s*(\w+):)");
  const auto match = pattern.Match(SplitLogLine(line).message);
  return match ? (*match)[1] : "";
}

// Can `function` be who called abort() on `stack`? Where there is no debug info it may be inlined.
bool MayBeOn(const Stack& stack, const std::string& function) {
  const bool all_known = std::any_of(stack.begin(), stack.end(),
                                     [](const Frame& frame) { return !frame.file.empty(); });
  return function.empty() || !all_known ||
         std::any_of(stack.begin(), stack.end(),
                     [&](const Frame& frame) { return frame.function == function; });
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

// Did the thread die inside an allocation, rather than of a pointer that it gave to free()?
bool DiedAllocating(const Stack& stack) {
  constexpr std::array<std::string_view, 10> kAllocators = {
      "malloc",        "calloc",         "realloc",        "_int_malloc",   "__libc_malloc",
      "__libc_calloc", "__libc_realloc", "posix_memalign", "aligned_alloc", "memalign"};
  for (const Frame& frame : stack) {
    if (!IsMachinery(frame)) {
      return false;
    }
    if (std::find(kAllocators.begin(), kAllocators.end(), frame.function) != kAllocators.end()) {
      return true;
    }
  }
  return false;
}

bool IsWildCall(const Stack& stack) { return !stack.empty() && stack.front().module == kNoCode; }

CrashCause WildPointerCause(const Stack& stack) {
  CrashCause cause;
  cause.turn = TurnOfRecursion(stack);
  if (!cause.turn.empty()) {
    cause.kind = Class::kStackOverflow;
    cause.message = "stack overflow";
  } else if (IsWildCall(stack)) {
    cause.kind = Class::kWildCall;
    cause.message =
        fmt::format("{} function pointer called", stack.front().offset == 0 ? "null" : "wild");
  } else if (DiedAllocating(stack)) {
    cause.kind = Class::kHeapDamage;
    cause.message = "wild pointer inside an allocation";
  } else {
    cause.kind = Class::kWildPointer;
    cause.message = "wild pointer";
  }
  return cause;
}

// What is accessed in the first page are members of an object to which a pointer was null. As far
// below 0 lies what a null pointer to a member leads to (container_of), or an error value such as
// MAP_FAILED. Further away than that it may as well be what is left of a freed object: SPDK master
// died at 0x30b9 of such a one.
constexpr uint64_t kNearNull = 4096;

// What kind of bad pointer it was, for a title: by the word that the signature has, and more.
std::string KindOfPointer(const BadAccess& access) {
  switch (access.reason) {
    case BadAccess::Reason::kNotMapped:
      if (access.address < kNearNull) {
        return "wild pointer (null)";
      }
      return access.address > std::numeric_limits<uint64_t>::max() - kNearNull
                 ? "wild pointer (null, or an error value such as MAP_FAILED)"
                 : "wild pointer";
    case BadAccess::Reason::kNotPermitted:
      return "forbidden access to mapped memory";
    case BadAccess::Reason::kNoPage:
      return "no page behind mapped memory";
    case BadAccess::Reason::kSent:
      return "sent by a process";
    case BadAccess::Reason::kNotKnown:
      break;
  }
  return "wild pointer";
}

// The thread that died may know more closely which kind of pointer it was.
void AddAccess(const ThreadStack* thread, CrashCause& cause) {
  if (cause.kind != Class::kWildPointer || thread == nullptr || !thread->bad_access) {
    return;
  }
  const BadAccess& access = *thread->bad_access;
  cause.told = KindOfPointer(access);
  if (access.reason != BadAccess::Reason::kNotKnown && access.reason != BadAccess::Reason::kSent) {
    cause.address = fmt::format("address {:#x}", access.address);
  }
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
    case SIGPIPE:
      return "wrote to a peer that is gone";
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

// What is said of one version holds only for targets whose log says that they are that version.
bool Holds(const DeliberateAbort& abort, const Evidence& evidence) {
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
        const bool holds = Holds(abort, evidence);
        return DeliberateLine{i, abort.allowed && holds, holds ? abort.note : ""};
      }
    }
  }
  return std::nullopt;
}

// Is the death that `cause` tells the one which that line announces? An assertion that failed, or a
// check of glibc's, is a death of its own, and so is an abort in another function.
bool DiedOf(const DeliberateLine& deliberate, const CrashCause& cause, const Evidence& evidence,
            const Stack& stack) {
  if (cause.kind == Class::kPanic) {
    return cause.log_line <= deliberate.line;  // by itself or by the message below it
  }
  return cause.log_line == deliberate.line ||
         (cause.kind == Class::kAbort &&
          MayBeOn(stack, FunctionOfLine(evidence.log[deliberate.line].text)));
}

}  // namespace

const ThreadStack* CrashedThread(const Evidence& evidence) {
  const auto crashed = std::find_if(evidence.threads.begin(), evidence.threads.end(),
                                    [](const ThreadStack& thread) { return thread.crashed; });
  return crashed == evidence.threads.end() ? nullptr : &*crashed;
}

CrashCause FindCrashCause(const Evidence& evidence, const Profile& profile, const Stack& stack,
                          const FaultFreeRun* fault_free) {
  CrashCause cause;
  switch (evidence.exit.code) {
    case SIGABRT:
      cause = AbortCause(evidence, stack, fault_free);
      if (const auto deliberate = FindDeliberateLine(evidence, profile);
          deliberate && DiedOf(*deliberate, cause, evidence, stack)) {
        cause.deliberate = true;
        cause.allowed = deliberate->allowed;
        cause.note = deliberate->note;
        if (cause.kind == Class::kAbort) {
          cause.message = MessageOfLine(evidence.log[deliberate->line].text);
          cause.function = FunctionOfLine(evidence.log[deliberate->line].text);
          cause.log_line = deliberate->line;
        }
      }
      return cause;
    case SIGSEGV:
    case SIGBUS:
      cause = WildPointerCause(stack);
      AddAccess(CrashedThread(evidence), cause);
      return cause;
    default:
      cause.message = SignalMeaning(evidence.exit.code);
      return cause;
  }
}

}  // namespace faultline
