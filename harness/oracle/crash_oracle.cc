#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <string_view>

#include "harness/oracle/blame.h"
#include "harness/oracle/crash_cause.h"
#include "harness/oracle/destructor.h"
#include "harness/oracle/ends_by_design.h"
#include "harness/oracle/expected_end.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/left_by_failed.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/signature.h"

// `crash`: a signal that nobody sent ended the target. One by which it ended itself as its profile
// allows it is `ends-by-design`.
namespace faultline {
namespace {

std::string SignalName(const Evidence& evidence) {
  return ExitStatus{ExitStatus::Kind::kSignaled, evidence.exit.code}.ToString();
}

// The function that the title names: the innermost known that is to blame, else the message's own.
// An assertion and a panic know better than a stack, which may have no symbols.
std::string BlamedFunction(const CrashCause& cause, const Stack& stack) {
  const std::vector<std::string> functions = BlamedFunctions(stack);
  const bool names_itself = cause.kind != CrashCause::Class::kAbort && !cause.function.empty();
  return names_itself || functions.empty() ? cause.function : functions.front();
}

// The first function of a source file behind the functions of headers with which `stack` begins; ""
// when it does not begin so.
std::string CallerOfHeader(const Stack& stack) {
  const auto is_header = [](const Frame& frame) {
    return frame.file.ends_with(".h") || frame.file.ends_with(".hpp");
  };
  if (stack.empty() || !is_header(stack.front())) {
    return "";
  }
  const auto caller = std::find_if(stack.begin(), stack.end(), [&](const Frame& frame) {
    return !is_header(frame) && !frame.function.empty() && !IsMachinery(frame);
  });
  return caller == stack.end() ? "" : FoldTemplates(caller->function);
}

// The function in whose middle the signal came whose handler crashed; "" when none did. A target
// that gets the stop signal while it backs out already is at two ends at once.
std::string InterruptedFunction(const Stack& whole) {
  const auto handler = std::find_if(whole.begin(), whole.end(), [](const Frame& frame) {
    return frame.function == "__restore_rt";  // glibc's; the kernel returns through it
  });
  const auto interrupted = std::find_if(handler, whole.end(), [](const Frame& frame) {
    return !frame.function.empty() && !IsMachinery(frame);
  });
  return interrupted == whole.end() ? "" : FoldTemplates(interrupted->function);
}

Stack DestructorToBlame(const CrashCause& cause, const Stack& stack) {
  return cause.kind == CrashCause::Class::kWildPointer ? StackOfDestructor(stack) : Stack();
}

// Who called the function that died, when that one is not to blame: an inline function of a header
// only checks what its caller gave it, and see StackOfDestructor. "" for most.
std::string CallerToBlame(const CrashCause& cause, const Stack& stack) {
  const Stack destructor = DestructorToBlame(cause, stack);
  return destructor.empty() ? CallerOfHeader(stack) : FoldTemplates(destructor.front().function);
}

// Did the target end itself because it can do nothing else? A constructor can report an error to
// nobody, so that its assertions are its error path; and who calls abort() on meeting a failure
// gives up on purpose. An assertion behind main() is no such thing: what a release build does there
// may be worse.
bool EndsOnPurpose(const Evidence& evidence, const CrashCause& cause, const Stack& died,
                   const MetFailure& met) {
  const bool aborts =
      cause.kind == CrashCause::Class::kAbort || cause.kind == CrashCause::Class::kPanic;
  if (aborts && !died.empty()) {
    const std::string function = BlamedFunction(cause, died);
    return DiedBeforeMain(evidence) || (!function.empty() && function == FunctionThatMet(met));
  }
  return cause.kind == CrashCause::Class::kAssertion && DiedBeforeMain(evidence);
}

// Names where the target died and, unless it is the same, the function that met the failure: either
// may be where the bug is.
std::string Title(const Evidence& evidence, const CrashCause& cause, const Stack& stack,
                  const Injection* failure, const MetFailure& met) {
  std::string title =
      fmt::format("{}: {}", SignalName(evidence), cause.told.empty() ? cause.message : cause.told);
  // Who finds a damaged heap has nothing to do with it.
  if (cause.kind == CrashCause::Class::kHeapDamage && failure != nullptr) {
    return title + ", a heap damaged after " + FailureText(*failure, met);
  }
  const std::string function = BlamedFunction(cause, stack);
  if (!function.empty()) {
    title += " in " + function;
  }
  const std::string caller = CallerToBlame(cause, stack);
  if (!caller.empty()) {
    title += ", called by " + caller;
  }
  if (DiedBeforeMain(evidence)) {
    title += " before main()";
  }
  const ThreadStack* thread = CrashedThread(evidence);
  if (const std::string interrupted = thread == nullptr ? "" : InterruptedFunction(thread->frames);
      !interrupted.empty() && evidence.asked_to_stop) {
    title += ", in a signal handler that interrupted " + interrupted;
  }
  if (!cause.said_before.empty()) {
    title += ": " + cause.said_before;
  }
  if (failure != nullptr && (cause.kind == CrashCause::Class::kLibcCheck ||
                             !IsWhereItFailed(caller.empty() ? function : caller, *failure, met))) {
    title += ", after " + FailureText(*failure, met);
  }
  return cause.deliberate && !cause.allowed ? title + " (a deliberate abort)" : title;
}

// Did a call fail that `function` made, itself or by those it called? Not where it was seen to hand
// the failure on: a helper that died in a later call was given something broken there.
bool FailedWithin(const std::string& function, const Evidence& evidence, const MetFailure& met) {
  const Injection* first = FirstFailure(evidence);
  return std::any_of(
      evidence.injections.begin(), evidence.injections.end(), [&](const Injection& injection) {
        if (injection.action != "fail") {
          return false;
        }
        const size_t frames = injection.stack.size();
        for (size_t i = 0; i < frames; ++i) {
          const bool was_done = &injection == first && met.Of(frames - i) == Returned::kFailure;
          if (injection.stack[i].function == function && !was_done) {
            return true;
          }
        }
        return false;
      });
}

// A fault point's name without what would be read as a path.
std::string WordsOf(std::string point) {
  std::replace(point.begin(), point.end(), '/', ' ');
  return point;
}

Frame OnlyFunction(const std::string& function) {
  return {.function = function, .file = "", .line = 0, .module = "", .offset = 0};
}

// Finding::cause of what a function does about failed calls before main(), where it can report to
// nobody: its checks are one error path. "" when it has no name.
std::string CauseOfConstructor(const Stack& died) {
  return BlamedFunctions(died).empty()
             ? ""
             : fmt::format("{} ends the process when a call fails before main()",
                           NameInFile(died.front()));
}

class CrashOracle : public Oracle {
 public:
  std::string_view kind() const override { return "crash"; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    if (evidence.exit.kind != ExitStatus::Kind::kSignaled || DiedOfSentSignal(evidence, context)) {
      return {};
    }
    const ThreadStack* thread = CrashedThread(evidence);
    const Stack whole = thread != nullptr ? thread->frames : Stack();
    CrashCause cause = FindCrashCause(evidence, context.profile, whole, context.fault_free);
    const Injection* failure = FirstFailure(evidence);
    MetFailure met = FindWhoMet(evidence, context.catalogue);
    // The error path that damages a heap may well report the failure, as the ones above it do: it
    // is told by the caller of the failed call, from where they all begin.
    if (cause.kind == CrashCause::Class::kHeapDamage && failure != nullptr) {
      met.stack = StackThatMetFailure(failure->stack, context.catalogue);
    }
    const Stack died = evidence.exit.code == SIGABRT
                           ? StackThatAborted(whole, context.catalogue.abort_helpers)
                           : BlamedStack(whole);

    cause.deliberate = cause.deliberate || EndsOnPurpose(evidence, cause, died, met);

    Finding finding;
    finding.kind = cause.allowed ? kEndsByDesign : kind();
    finding.step = StepOfEnd(evidence);
    // Who was told of the failure has less to do with it than a function that told it so and has
    // left something of its own behind.
    const std::optional<LeftByFailed> left = FindLeftByFailed(evidence, context.catalogue, met);
    MetFailure told = met;
    if (left) {
      told.stack = left->forgetter.at_failure;
    }
    finding.title = Title(evidence, cause, cause.turn.empty() ? died : cause.turn, failure, told);
    if (left) {
      finding.details.push_back(
          fmt::format("{} returned a failure and leaves {}, which it has made",
                      left->forgetter.function, left->object));
    } else if (DiedBeforeMain(evidence) && cause.deliberate) {
      finding.cause = CauseOfConstructor(died);
    }
    const Stack destructor = DestructorToBlame(cause, died);
    finding.stack = destructor.empty() ? died : destructor;
    finding.signature = Signature(evidence, cause, finding.stack, failure, met);
    if (!destructor.empty()) {
      finding.details.push_back("it died in " + PlaceText(died));
    }
    if (cause.kind == CrashCause::Class::kHeapDamage && failure != nullptr) {
      finding.stack = BlamedStack(failure->stack);
      finding.details.push_back("the damage showed in " + PlaceText(died));
    }
    if (cause.log_line) {
      finding.details.push_back("it said: " + evidence.log[*cause.log_line].text);
    }
    if (failure != nullptr) {
      finding.details.push_back(fmt::format("before that {} failed, called by {}", failure->point,
                                            PlaceText(BlamedStack(failure->stack))));
    }
    if (const std::string way = HowItWentUp(met); !way.empty()) {
      finding.details.push_back(way);
    }
    if (DiedBeforeMain(evidence)) {
      finding.details.push_back(
          "it died in a constructor: nobody could have been told of an error");
    }
    if (!cause.note.empty()) {
      finding.details.push_back("the profile says of it: " + cause.note);
    }
    if (!cause.address.empty()) {
      finding.details.push_back("it accessed " + cause.address);
    }
    if (thread != nullptr) {
      finding.details.push_back(fmt::format("in thread {} ({})", thread->tid, thread->name));
    } else if (!evidence.threads_note.empty()) {
      finding.details.push_back("no stack: " + evidence.threads_note);
    } else {
      finding.details.push_back("no stack: none is taken at a signal that comes from others");
    }
    return {finding};
  }

 private:
  // Of SIGABRT the message says more than the signal; of the others the message is the signal's.
  std::string Signature(const Evidence& evidence, const CrashCause& cause, const Stack& stack,
                        const Injection* failure, const MetFailure& met) const {
    const std::string_view of_kind = cause.allowed ? kEndsByDesign : kind();
    const std::string message =
        cause.log_line ? cause.message : fmt::format("{} {}", SignalName(evidence), cause.message);
    if (!cause.turn.empty()) {
      return MakeSignature(of_kind, message, cause.turn);
    }
    // Where the damage shows is chance, what it came after is not.
    if (failure != nullptr && cause.kind == CrashCause::Class::kHeapDamage) {
      return MakeSignature(of_kind, "the heap is damaged" + std::string(kACallFailed), met.stack);
    }
    // The function that panics is the same with and without symbols.
    if (cause.kind == CrashCause::Class::kPanic) {
      return MakeSignature(of_kind, message, {OnlyFunction(cause.function)});
    }
    const std::vector<std::string> functions = BlamedFunctions(stack);
    // A function that cannot bear the failure of a call of its own is one bug, whoever called it:
    // spdk_put_io_channel, which asserts that its message was sent, has eight callers in one sweep.
    if (!functions.empty() && FailedWithin(functions.front(), evidence, met)) {
      return MakeSignature(of_kind, message, {OnlyFunction(functions.front())});
    }
    if (!functions.empty()) {
      return MakeSignature(of_kind, message, stack);
    }
    if (!cause.function.empty()) {
      return MakeSignature(of_kind, message, {OnlyFunction(cause.function)});
    }
    // Nothing has a name here (no stack could be taken, or a wild jump): without the call that
    // failed, all such crashes of a program would be one bug.
    if (failure == nullptr || cause.log_line) {
      return MakeSignature(of_kind, message, {});
    }
    return MakeSignature(of_kind,
                         fmt::format("{}{}: {}", message, kACallFailed, WordsOf(failure->point)),
                         failure->stack);
  }
};

FAULTLINE_ORACLE(CrashOracle);

}  // namespace
}  // namespace faultline
