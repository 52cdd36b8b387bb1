#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "harness/oracle/blame.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/hangs.h"
#include "harness/oracle/ignored_failure.h"
#include "harness/oracle/journal_events.h"
#include "harness/oracle/last_error.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/passed_over.h"
#include "harness/oracle/past_ready.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/sanitizer_report.h"
#include "harness/oracle/signature.h"

// `hang`: the start, an RPC answer or the stop outlived its limit.
namespace faultline {
namespace {

constexpr size_t kLastEvents = 8;

std::string CpuText(const WaitAccount& wait) {
  return fmt::format("meanwhile its threads had {} ms of CPU time and waited {} ms for a CPU",
                     wait.ran_ms, wait.waited_ms);
}

// The main thread, or else the first of which there is a stack.
const ThreadStack* ThreadToBlame(const Evidence& evidence) {
  const ThreadStack* first = nullptr;
  for (const ThreadStack& thread : evidence.threads) {
    if (thread.frames.empty()) {
      continue;
    }
    if (std::cmp_equal(thread.tid, evidence.journal.target_pid)) {
      return &thread;
    }
    first = first != nullptr ? first : &thread;
  }
  return first;
}

// A call to receive need not wait (MSG_DONTWAIT), and no stack shows it; who polls by it was busy.
bool WasBusy(const WaitAccount& wait) {
  return wait.took_ms > 0 && 2 * (wait.ran_ms + wait.waited_ms) >= wait.took_ms;
}

// Is the thread inside a call that waits for another thread or for input? A thread that polls, as
// SPDK's reactors do, was caught at random, and one in epoll_wait is idle: neither stack would be
// the same in the next run or say what is missing.
bool IsBlocked(const Stack& stack, const WaitAccount& wait) {
  constexpr std::array<std::string_view, 12> kWaits = {
      "futex",    "lll_lock",     "clockjoin", "pthread_join", "cond_wait", "mutex_lock",
      "sem_wait", "barrier_wait", "wait4",     "waitid",       "waitpid",   "recv"};
  for (const Frame& frame : stack) {
    if (!IsMachinery(frame)) {
      return false;
    }
    if (std::any_of(kWaits.begin(), kWaits.end(), [&](std::string_view name) {
          return frame.function.find(name) != std::string::npos;
        })) {
      return frame.function.find("recv") == std::string::npos || !WasBusy(wait);
    }
  }
  return false;
}

// The last line that reports an error: of a target that polls for ever, it says best what went
// wrong. "" when there is none.
std::string LastErrorLine(const Evidence& evidence, const FaultFreeRun* fault_free,
                          int64_t before_ms) {
  const std::optional<size_t> line = FindLastError(evidence, fault_free, before_ms);
  return line ? evidence.log[*line].text : "";
}

// What makes a hang the same in another run, and what it looks like to people.
struct Reason {
  std::string known_by;  // a clause of the signature, from its "; " on; "" = nothing tells
  std::string text;
};

std::string Clause(std::string_view begin, const std::string& text) {
  return std::string(begin) + text;
}

// Who met the failure, when a call was made to fail: the code that did not go on as it should lies
// there or follows from there. No stack shows what a target that polls for ever waits for.
Reason ReasonOfFailure(const Evidence& evidence, const MetFailure& met) {
  const Injection* first = FirstFailure(evidence);
  if (first == nullptr) {
    return {};
  }
  const std::string function = FunctionThatMet(met);
  if (function.empty()) {
    return {Clause(kAfterAFailed, first->point), first->point + " had failed"};
  }
  return {Clause(kAfterAFailed, "call in " + function),
          fmt::format("{} had failed{}", first->point, WhereItFailed(*first, met))};
}

// Why a target that polls for ever does so: what its stop forgot, or else who met the failure. Its
// last error line says least, since whatever fails ends in one of a few lines; it is asked where
// nothing was made to fail.
Reason ReasonOf(const std::optional<PassedOver>& left, const std::string& error,
                const Evidence& evidence, const MetFailure& met) {
  if (left) {
    return {Clause("; ", NormaliseMessage(left->name) + " is left"), left->name + " is left"};
  }
  Reason reason = ReasonOfFailure(evidence, met);
  if (reason.known_by.empty() && !error.empty()) {
    reason = {Clause("; ", NormaliseMessage(MessageOfLine(error))), MessageOfLine(error)};
  }
  return reason;
}

// Makes the hang known by the call that is tried for ever, or by where a thread is blocked
// (`stack` is the whole one), or else by `reason`.
void Identify(const Hang& hang, const Stack& stack, const Reason& reason, const Evidence& evidence,
              Finding& finding) {
  if (!hang.wait->retried.empty()) {
    const WaitAccount& wait = *hang.wait;
    const auto tried =
        std::find_if(evidence.injections.begin(), evidence.injections.end(),
                     [&](const Injection& one) { return one.point == wait.retried; });
    finding.title = fmt::format("{}: still retrying {} after {} ms ({} calls)", hang.title,
                                wait.retried, wait.took_ms, wait.retries);
    finding.stack = tried == evidence.injections.end() ? Stack() : BlamedStack(tried->stack);
    const std::vector<std::string> functions = BlamedFunctions(finding.stack);
    finding.signature =
        fmt::format("{}{}{}{}{}", MakeSignature(finding.kind, hang.phase, {}), kStillRetrying,
                    wait.retried, functions.empty() ? "" : " @ ", fmt::join(functions, " < "));
  } else if (IsBlocked(stack, *hang.wait)) {
    const std::vector<std::string> functions = BlamedFunctions(stack);
    finding.title =
        functions.empty() ? hang.title : hang.title + ": blocked in " + functions.front();
    finding.signature = MakeSignature(finding.kind, hang.phase, stack);
  } else {
    finding.title = reason.text.empty() ? hang.title : hang.title + ": " + reason.text;
    finding.signature =
        MakeSignature(finding.kind, hang.phase, {}) + reason.known_by;  // with points' names whole
  }
}

// What a second stop signal did to a target that hung in its stop; "" = none was sent.
std::string EndBySecond(const Evidence& evidence) {
  if (!evidence.second_signal) {
    return "";
  }
  const char* name = sigabbrev_np(evidence.second_signal->signal);
  const std::string signal = fmt::format(
      "a second {}{}", name == nullptr ? "signal " : "SIG",
      name == nullptr ? std::to_string(evidence.second_signal->signal) : std::string(name));
  return evidence.second_signal->end.empty()
             ? signal + " did not end it either"
             : fmt::format("{}, sent then, ended it: {}", signal, evidence.second_signal->end);
}

class HangOracle : public Oracle {
 public:
  std::string_view kind() const override { return "hang"; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    std::vector<Hang> hangs = FindHangs(evidence, context.scenario);
    if (!hangs.empty() && hangs.front().phase == kStartPhase &&
        IsPastItsReadyLine(evidence, context)) {
      hangs.erase(hangs.begin());
    }
    if (hangs.empty()) {
      return {};
    }
    Finding finding;
    finding.kind = kind();
    finding.step = hangs.front().step;
    const ThreadStack* thread = ThreadToBlame(evidence);
    const Stack whole = thread != nullptr ? thread->frames : Stack();
    finding.stack = BlamedStack(whole);
    const MetFailure met = FindWhoMet(evidence, context.catalogue);
    const std::string error =
        LastErrorLine(evidence, context.fault_free, WhenLimitWasReached(hangs.front(), evidence));
    // After a hang before it the stop tells nothing of that.
    const std::optional<PassedOver> left =
        hangs.front().phase == kStopPhase ? FindPassedOver(evidence, context) : std::nullopt;
    Identify(hangs.front(), whole, ReasonOf(left, error, evidence, met), evidence, finding);
    if (!left) {
      finding.cause = CauseOfIgnoring(IgnoringFunction(evidence, context, met));
    }
    for (const Hang& hang : hangs) {
      finding.details.push_back(hang.limit);
    }
    if (const std::string second = EndBySecond(evidence); !second.empty()) {
      finding.details.push_back(second);
    }
    if (const WaitAccount& wait = *hangs.front().wait; wait.ran_ms + wait.waited_ms > 0) {
      finding.details.push_back(CpuText(wait));
    }
    if (!error.empty()) {
      finding.details.push_back("its last error: " + error);
    }
    if (const std::string way = HowItWentUp(met); !way.empty()) {
      finding.details.push_back(way);
    }
    if (left) {
      Symbolizer symbolizer;
      finding.details.push_back(
          fmt::format("the stop has passed over {}, which is from {}", left->name,
                      PlaceText(BlamedStack(evidence.journal.records[left->record],
                                            evidence.journal, symbolizer))));
    }
    if (thread == nullptr) {
      finding.details.push_back("no stacks: " + evidence.threads_note);
    }
    for (const std::string& event : LastEvents(evidence, kLastEvents)) {
      finding.details.push_back("last events: " + event);
    }
    return {finding};
  }

  // What waits for ever is never freed.
  bool Explains(const Finding& own, const Finding& other, const Evidence& evidence,
                const OracleContext& context) const override {
    return IsLeakReport(other) || other.kind == "leak" ||
           Oracle::Explains(own, other, evidence, context);
  }
};

FAULTLINE_ORACLE(HangOracle);

}  // namespace
}  // namespace faultline
