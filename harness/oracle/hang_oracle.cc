#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "harness/base/line_pattern.h"
#include "harness/oracle/blame.h"
#include "harness/oracle/ignored_failure.h"
#include "harness/oracle/journal_events.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/passed_over.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/sanitizer_report.h"
#include "harness/oracle/signature.h"

// `hang`: the start, an RPC answer or the stop outlived its limit.
namespace faultline {
namespace {

constexpr size_t kLastEvents = 8;
constexpr char kStop[] = "stop";

// What did not come to an end.
struct Hang {
  std::string phase;  // "start", "answer to METHOD", kStop; part of the signature
  std::string title;
  std::string limit;  // what was waited for, and for how long
  int step = 0;
  const WaitAccount* wait = nullptr;  // never null
};

std::string CpuText(const WaitAccount& wait) {
  return fmt::format("meanwhile its threads had {} ms of CPU time and waited {} ms for a CPU",
                     wait.ran_ms, wait.waited_ms);
}

bool AcceptsNoAnswer(const std::vector<RpcExpectation>& expect) {
  return std::any_of(expect.begin(), expect.end(), [](const RpcExpectation& expected) {
    return expected.kind == RpcExpectation::Kind::kNoAnswer;
  });
}

// A request that a fault sent and that nobody answered.
std::optional<Hang> HangOfFaultRpc(const FaultRpc& rpc) {
  if (rpc.unmet.empty() || rpc.exchange.outcome != RpcExchange::Outcome::kNoAnswer) {
    return std::nullopt;
  }
  Hang hang;
  hang.step = rpc.exchange.step;
  hang.phase = "answer to " + rpc.exchange.method;
  hang.title = fmt::format("no answer to RPC {} of fault {} within its limit", rpc.exchange.method,
                           rpc.fault);
  hang.wait = &rpc.wait;
  hang.limit = rpc.wait.ToString();
  return hang;
}

// The hang that a step which ran into its limit stands for; nullopt for steps that wait for
// something which a target that is well need not do (a log line, a command of the scenario's own).
std::optional<Hang> HangOfStep(const StepResult& result, const Evidence& evidence,
                               const Scenario& scenario) {
  Hang hang;
  hang.step = result.index;
  hang.wait = &result.wait;
  hang.limit = fmt::format("{}: {}", StepText(result), result.wait.ToString());
  if (const auto* rpc = StepActionAs<RpcStep>(scenario, result.index)) {
    if (AcceptsNoAnswer(rpc->expect) || DependsOnDropped(result, evidence, scenario)) {
      return std::nullopt;
    }
    hang.phase = "answer to " + rpc->method;
    hang.title = fmt::format("no answer to RPC {} within its limit", rpc->method);
  } else if (StepActionAs<WaitReadyStep>(scenario, result.index) != nullptr) {
    hang.phase = "start";
    if (result.detail.starts_with(result.wait.ToString())) {
      hang.limit = fmt::format("{}: {}", StepText(result), result.detail);  // with its last words
    }
    hang.title = "the target was not ready within its limit";
  } else if (WasWellUnasked(result, evidence)) {
    return std::nullopt;  // not as the scenario says, and not hanging either
  } else if (StepActionAs<WaitExitStep>(scenario, result.index) != nullptr ||
             StepActionAs<SignalStep>(scenario, result.index) != nullptr) {
    hang.phase = kStop;
    hang.title = "the target did not end within its limit";
  } else {
    return std::nullopt;
  }
  return hang;
}

std::optional<Hang> HangOfStop(const Evidence& evidence) {
  const bool ended_by_itself = evidence.exit.kind == ExitStatus::Kind::kExited ||
                               evidence.exit.kind == ExitStatus::Kind::kSignaled;
  if (ended_by_itself || !evidence.asked_to_stop) {
    return std::nullopt;
  }
  Hang hang;
  hang.phase = kStop;
  hang.title = "the target did not end within its limit after the stop signal";
  hang.wait = &evidence.stop_wait;
  hang.limit = evidence.stop_wait.limit_ms > 0
                   ? evidence.stop_wait.ToString()
                   : fmt::format("it still ran {} ms after the stop signal; the limit is {} ms",
                                 evidence.stop_ms, evidence.stop_limit_ms);
  hang.step = evidence.steps.empty() ? 0 : evidence.steps.back().index;
  return hang;
}

// In order of time; what comes later in one run follows from what came first.
std::vector<Hang> FindHangs(const Evidence& evidence, const Scenario& scenario) {
  std::vector<Hang> hangs;
  for (const StepResult& result : evidence.steps) {
    if (result.status == StepResult::Status::kTimedOut) {
      if (std::optional<Hang> hang = HangOfStep(result, evidence, scenario)) {
        hangs.push_back(std::move(*hang));
      }
    }
  }
  for (const FaultRpc& rpc : evidence.fault_rpcs) {
    if (std::optional<Hang> hang = HangOfFaultRpc(rpc)) {
      hangs.push_back(std::move(*hang));
    }
  }
  if (std::optional<Hang> hang = HangOfStop(evidence)) {
    if (hangs.empty() || hangs.back().phase != hang->phase) {
      hangs.push_back(std::move(*hang));
    }
  }
  return hangs;
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

// Is the thread inside a call that waits for another thread or for input? A thread that polls, as
// SPDK's reactors do, was caught at random, and one in epoll_wait is idle: neither stack would be
// the same in the next run or say what is missing.
bool IsBlocked(const Stack& stack) {
  constexpr std::array<std::string_view, 12> kWaits = {
      "futex",    "lll_lock",     "clockjoin", "pthread_join", "cond_wait", "mutex_lock",
      "sem_wait", "barrier_wait", "wait4",     "waitid",       "waitpid",   "recv"};
  for (const Frame& frame : stack) {
    if (!IsMachinery(frame)) {
      return false;
    }
    if (std::any_of(kWaits.begin(), kWaits.end(), [&](std::string_view wait) {
          return frame.function.find(wait) != std::string::npos;
        })) {
      return true;
    }
  }
  return false;
}

// When the limit was reached: what the target says later, as it is made to stop, is no cause.
int64_t EndOf(const Hang& hang, const Evidence& evidence) {
  for (const StepResult& step : evidence.steps) {
    if (step.index == hang.step && step.status == StepResult::Status::kTimedOut) {
      return step.begin_ms + step.duration_ms;
    }
  }
  return std::numeric_limits<int64_t>::max();
}

// The last line that reports an error: of a target that polls for ever, it says best what went
// wrong. "" when there is none.
std::string LastErrorLine(const Evidence& evidence, int64_t before_ms) {
  static const LinePattern pattern(
      "[Ee]rror|ERROR|[Ff]ail|FAIL|[Cc]annot|[Cc]ould not|[Uu]nable|[Nn]ot found|[Ii]nvalid");
  for (auto line = evidence.log.rbegin(); line != evidence.log.rend(); ++line) {
    if (line->time_ms <= before_ms && pattern.Matches(line->text)) {
      return line->text;
    }
  }
  return "";
}

// What makes a hang the same in another run, and what it looks like to people.
struct Reason {
  std::string known_by;  // "" = nothing tells
  std::string text;
};

// Who met the failure, when a call was made to fail: the code that did not go on as it should lies
// there or follows from there. No stack shows what a target that polls for ever waits for.
Reason ReasonOfFailure(const Evidence& evidence) {
  const auto first = std::find_if(evidence.injections.begin(), evidence.injections.end(),
                                  [](const Injection& one) { return one.action == "fail"; });
  if (first == evidence.injections.end()) {
    return {};
  }
  const std::vector<std::string> functions = BlamedFunctions(first->stack);
  if (functions.empty()) {
    return {"after a failed " + first->point, first->point + " had failed"};
  }
  return {"after a failed call in " + functions.front(),
          fmt::format("{} had failed in {}", first->point, functions.front())};
}

// Why a target that polls for ever does so: what its stop forgot, or else who met the failure. Its
// last error line says least, since whatever fails ends in one of a few lines; it is asked where
// nothing was made to fail.
Reason ReasonOf(const std::optional<PassedOver>& left, const std::string& error,
                const Evidence& evidence) {
  if (left) {
    return {NormaliseMessage(left->name) + " is left", left->name + " is left"};
  }
  Reason reason = ReasonOfFailure(evidence);
  if (reason.known_by.empty() && !error.empty()) {
    reason = {NormaliseMessage(error), NormaliseMessage(error)};
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
        fmt::format("{}; still retrying {}{}{}", MakeSignature(finding.kind, hang.phase, {}),
                    wait.retried, functions.empty() ? "" : " @ ", fmt::join(functions, " < "));
  } else if (IsBlocked(stack)) {
    const std::vector<std::string> functions = BlamedFunctions(stack);
    finding.title =
        functions.empty() ? hang.title : hang.title + ": blocked in " + functions.front();
    finding.signature = MakeSignature(finding.kind, hang.phase, stack);
  } else {
    finding.title = reason.text.empty() ? hang.title : hang.title + ": " + reason.text;
    finding.signature =
        MakeSignature(finding.kind, hang.phase, {}) +
        (reason.known_by.empty() ? "" : "; " + reason.known_by);  // points' names stay as they are
  }
}

class HangOracle : public Oracle {
 public:
  std::string_view kind() const override { return "hang"; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    const std::vector<Hang> hangs = FindHangs(evidence, context.scenario);
    if (hangs.empty()) {
      return {};
    }
    Finding finding;
    finding.kind = kind();
    finding.step = hangs.front().step;
    const ThreadStack* thread = ThreadToBlame(evidence);
    const Stack whole = thread != nullptr ? thread->frames : Stack();
    finding.stack = BlamedStack(whole);
    const std::string error = LastErrorLine(evidence, EndOf(hangs.front(), evidence));
    // After a hang before it the stop tells nothing of that.
    const std::optional<PassedOver> left =
        hangs.front().phase == kStop ? FindPassedOver(evidence, context) : std::nullopt;
    Identify(hangs.front(), whole, ReasonOf(left, error, evidence), evidence, finding);
    if (!left) {
      finding.cause = CauseOfIgnoring(IgnoringFunction(evidence, context));
    }
    for (const Hang& hang : hangs) {
      finding.details.push_back(hang.limit);
    }
    if (const WaitAccount& wait = *hangs.front().wait; wait.ran_ms + wait.waited_ms > 0) {
      finding.details.push_back(CpuText(wait));
    }
    if (!error.empty()) {
      finding.details.push_back("its last error: " + error);
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
