#include "harness/oracle/crash_cause.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <limits>
#include <string_view>

#include "harness/base/line_pattern.h"
#include "harness/oracle/blame.h"
#include "harness/oracle/last_error.h"
#include "harness/oracle/last_words.h"
#include "harness/oracle/recursion.h"

namespace faultline {
namespace {

using Class = CrashCause::Class;

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
