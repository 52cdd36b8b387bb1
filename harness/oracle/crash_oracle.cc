#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "harness/oracle/blame.h"
#include "harness/oracle/crash_cause.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/signature.h"

// `crash`: a signal that nobody sent ended the target.
namespace faultline {
namespace {

// Signals that the harness or the scenario sent: to die of one of them is rude, but no crash.
std::set<int> SentSignals(const Evidence& evidence, const OracleContext& context) {
  std::set<int> sent;
  if (evidence.asked_to_stop) {
    sent.insert(context.profile.stop_signal);
  }
  for (const StepResult& result : evidence.steps) {
    const auto* step = StepActionAs<SignalStep>(context.scenario, result.index);
    if (step != nullptr && result.status != StepResult::Status::kSkipped) {
      sent.insert(step->signal);
    }
  }
  for (const Injection& injection : evidence.injections) {
    const auto fault = std::find_if(context.scenario.faults.begin(), context.scenario.faults.end(),
                                    [&](const Fault& f) { return f.id == injection.fault; });
    if (fault != context.scenario.faults.end() && fault->action == Fault::Action::kSignal) {
      sent.insert(fault->signal);
    }
  }
  return sent;
}

std::string SignalName(const Evidence& evidence) {
  return ExitStatus{ExitStatus::Kind::kSignaled, evidence.exit.code}.ToString();
}

// The function that the title names: the message's own, else the innermost known that is to blame.
std::string BlamedFunction(const CrashCause& cause, const Stack& stack) {
  if (!cause.function.empty()) {
    return cause.function;
  }
  const std::vector<std::string> functions = BlamedFunctions(stack);
  return functions.empty() ? "" : functions.front();
}

std::string Title(const Evidence& evidence, const CrashCause& cause, const Stack& stack) {
  // A line of the log brings its time and its numbers.
  const std::string message = cause.deliberate ? NormaliseMessage(cause.message) : cause.message;
  std::string title = fmt::format("{}: {}", SignalName(evidence), message);
  if (const std::string function = BlamedFunction(cause, stack); !function.empty()) {
    title += " in " + function;
  }
  return cause.deliberate ? title + " (a deliberate abort)" : title;
}

// Did a call fail that `function` made, itself or by those it called?
bool FailedWithin(const std::string& function, const Evidence& evidence) {
  return std::any_of(
      evidence.injections.begin(), evidence.injections.end(), [&](const Injection& injection) {
        return injection.action == "fail" &&
               std::any_of(injection.stack.begin(), injection.stack.end(),
                           [&](const Frame& frame) { return frame.function == function; });
      });
}

// glibc's words for a heap that it finds damaged some time after the deed, in any function that
// happens to allocate (malloc/malloc.c, malloc_printerr).
bool IsFoundLate(std::string_view message) {
  constexpr std::array<std::string_view, 5> kLate = {"malloc_consolidate():", "corrupted size vs.",
                                                     "malloc():", "corrupted double-linked",
                                                     "realloc(): invalid next size"};
  return std::any_of(kLate.begin(), kLate.end(),
                     [&](std::string_view words) { return message.starts_with(words); });
}

// The first call that was made to fail; nullptr when none was.
const Injection* FirstFailure(const Evidence& evidence) {
  const auto found = std::find_if(evidence.injections.begin(), evidence.injections.end(),
                                  [](const Injection& one) { return one.action == "fail"; });
  return found == evidence.injections.end() ? nullptr : &*found;
}

// A fault point's name without what would be read as a path.
std::string WordsOf(std::string point) {
  std::replace(point.begin(), point.end(), '/', ' ');
  return point;
}

Frame OnlyFunction(const std::string& function) {
  return {.function = function, .file = "", .line = 0, .module = "", .offset = 0};
}

class CrashOracle : public Oracle {
 public:
  std::string_view kind() const override { return "crash"; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    if (evidence.exit.kind != ExitStatus::Kind::kSignaled ||
        SentSignals(evidence, context).contains(evidence.exit.code)) {
      return {};
    }
    const ThreadStack* thread = CrashedThread(evidence);
    const Stack whole = thread != nullptr ? thread->frames : Stack();
    const CrashCause cause = FindCrashCause(evidence, context.profile, whole);
    if (cause.allowed) {
      return {};
    }

    Finding finding;
    finding.kind = kind();
    finding.stack = BlamedStack(whole);
    finding.step = StepOfEnd(evidence);
    finding.title = Title(evidence, cause, cause.turn.empty() ? finding.stack : cause.turn);
    finding.signature = Signature(evidence, cause, finding.stack);
    if (cause.log_line) {
      finding.details.push_back("it said: " + evidence.log[*cause.log_line].text);
    }
    if (!cause.note.empty()) {
      finding.details.push_back("the profile says of it: " + cause.note);
    }
    if (thread != nullptr) {
      finding.details.push_back(fmt::format("in thread {} ({})", thread->tid, thread->name));
    } else {
      finding.details.push_back("no stack: " + evidence.threads_note);
    }
    return {finding};
  }

 private:
  // Of SIGABRT the message says more than the signal; of the others the message is the signal's.
  std::string Signature(const Evidence& evidence, const CrashCause& cause,
                        const Stack& stack) const {
    const std::string message =
        cause.log_line ? cause.message : fmt::format("{} {}", SignalName(evidence), cause.message);
    if (!cause.turn.empty()) {
      return MakeSignature(kind(), message, cause.turn);
    }
    // Where the damage shows is chance, what it came after is not.
    const Injection* failure = FirstFailure(evidence);
    if (failure != nullptr && IsFoundLate(cause.message)) {
      return MakeSignature(kind(), "the heap is damaged; a call failed", failure->stack);
    }
    const std::vector<std::string> functions = BlamedFunctions(stack);
    // A function that cannot bear the failure of a call of its own is one bug, whoever called it:
    // spdk_put_io_channel, which asserts that its message was sent, has eight callers in one sweep.
    if (!functions.empty() && FailedWithin(functions.front(), evidence)) {
      return MakeSignature(kind(), message, {OnlyFunction(functions.front())});
    }
    if (!functions.empty()) {
      return MakeSignature(kind(), message, stack);
    }
    if (!cause.function.empty()) {
      return MakeSignature(kind(), message, {OnlyFunction(cause.function)});
    }
    // Nothing has a name here (no stack could be taken, or a wild jump): without the call that
    // failed, all such crashes of a program would be one bug.
    if (failure == nullptr || cause.log_line) {
      return MakeSignature(kind(), message, {});
    }
    return MakeSignature(kind(), message + "; a call failed: " + WordsOf(failure->point),
                         failure->stack);
  }
};

FAULTLINE_ORACLE(CrashOracle);

}  // namespace
}  // namespace faultline
