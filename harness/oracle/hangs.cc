#include "harness/oracle/hangs.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "harness/oracle/run_course.h"
#include "harness/oracle/stop_command.h"

namespace faultline {
namespace {

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

// Which of the requests that a step sent was not answered; the step waits for the first alone, and
// what the others are is part of the scenario. "one" where the evidence does not say.
std::string_view MethodWithoutAnswer(const StepResult& result, const Evidence& evidence) {
  const auto found = std::find_if(
      evidence.rpcs.begin(), evidence.rpcs.end(), [&result](const RpcExchange& exchange) {
        return exchange.step == result.index && exchange.outcome == RpcExchange::Outcome::kNoAnswer;
      });
  return found == evidence.rpcs.end() ? "one" : std::string_view(found->method);
}

// The hang that a step which ran into its limit stands for; nullopt for steps that wait for
// something which a target that is well need not do (a log line, a command of the scenario's own).
std::optional<Hang> HangOfStep(const StepResult& result, const Evidence& evidence,
                               const Scenario& scenario) {
  Hang hang;
  hang.step = result.index;
  hang.wait = &result.wait;
  hang.limit = fmt::format("{}: {}", StepText(result), result.wait.ToString());
  const auto* rpc = StepActionAs<RpcStep>(scenario, result.index);
  if (rpc != nullptr && AcceptsNoAnswer(rpc->expect)) {
    return std::nullopt;
  }
  if (!result.silent_probe.empty()) {
    hang.phase = "answer to " + result.silent_probe;
    hang.title = fmt::format("no answer to RPC {}, which tells the target's state, {} {}",
                             result.silent_probe, result.silent_before ? "before" : "after",
                             StepText(result));
  } else if (rpc != nullptr) {
    if (DependsOnDropped(result, evidence, scenario)) {
      return std::nullopt;
    }
    hang.phase = "answer to " + rpc->method;
    hang.title = fmt::format("no answer to RPC {} within its limit", rpc->method);
  } else if (const auto* answer = StepActionAs<AnswerStep>(scenario, result.index)) {
    if (AcceptsNoAnswer(answer->expect)) {
      return std::nullopt;
    }
    hang.phase = "answer to step " + answer->step;
    hang.title = fmt::format("no answer to step {} within its limit", answer->step);
  } else if (const auto* pipeline = StepActionAs<PipelineStep>(scenario, result.index)) {
    const std::string_view method = MethodWithoutAnswer(result, evidence);
    hang.phase = fmt::format("answer to {} of requests in one write", method);
    hang.title = fmt::format("no answer to {} of {} requests in one write within the limit", method,
                             pipeline->requests.size());
  } else if (StepActionAs<WaitReadyStep>(scenario, result.index) != nullptr) {
    hang.phase = kStartPhase;
    if (result.detail.starts_with(result.wait.ToString())) {
      hang.limit = fmt::format("{}: {}", StepText(result), result.detail);  // with its last words
    }
    hang.title = "the target was not ready within its limit";
  } else if (WasWellUnasked(result, evidence)) {
    return std::nullopt;  // not as the scenario says, and not hanging either
  } else if (StepActionAs<WaitExitStep>(scenario, result.index) != nullptr ||
             StepActionAs<SignalStep>(scenario, result.index) != nullptr) {
    hang.phase = kStopPhase;
    hang.title = "the target did not end within its limit";
  } else {
    return std::nullopt;
  }
  return hang;
}

std::optional<Hang> HangOfStop(const Evidence& evidence, const Scenario& scenario) {
  const bool ended_by_itself = evidence.exit.kind == ExitStatus::Kind::kExited ||
                               evidence.exit.kind == ExitStatus::Kind::kSignaled;
  if (ended_by_itself || !evidence.asked_to_stop) {
    return std::nullopt;
  }
  Hang hang;
  hang.phase = kStopPhase;
  const StepResult* failed = FailedStopCommand(evidence, scenario);
  hang.title = failed == nullptr
                   ? "the target did not end within its limit after " + StopAskedBy(evidence)
                   : failed->title + " failed, and the stop signal did not end the target either";
  hang.wait = &evidence.stop_wait;
  hang.limit = evidence.stop_wait.limit_ms > 0
                   ? evidence.stop_wait.ToString()
                   : fmt::format("it still ran {} ms after {}; the limit is {} ms",
                                 evidence.stop_ms, StopAskedBy(evidence), evidence.stop_limit_ms);
  hang.step = evidence.steps.empty() ? 0 : evidence.steps.back().index;
  return hang;
}

}  // namespace

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
  if (std::optional<Hang> hang = HangOfStop(evidence, scenario)) {
    if (hangs.empty() || hangs.back().phase != hang->phase) {
      hangs.push_back(std::move(*hang));
    }
  }
  return hangs;
}

int64_t WhenLimitWasReached(const Hang& hang, const Evidence& evidence) {
  for (const StepResult& step : evidence.steps) {
    if (step.index == hang.step && step.status == StepResult::Status::kTimedOut) {
      return step.begin_ms + step.duration_ms;
    }
  }
  return std::numeric_limits<int64_t>::max();
}

}  // namespace faultline
