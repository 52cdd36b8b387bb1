#include "harness/run/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <regex>

#include "harness/base/failure.h"
#include "harness/run/agent_check.h"
#include "harness/run/command.h"
#include "harness/run/rpc_match.h"

namespace faultline {
namespace {

using Status = StepResult::Status;

constexpr int kCommandLimitMs = 60'000;
// A target that closed its connection is most often on its way out; what it does next shows within
// this time.
constexpr int64_t kGoneGraceMs = 1'000;

struct Outcome {
  Status status = Status::kDone;
  std::string detail;
};

// Does one step: an overload of operator() per kind.
class StepRunner {
 public:
  StepRunner(LiveRun& run, size_t& log_mark, bool& gone_accepted)
      : run_(run), log_mark_(log_mark), gone_accepted_(gone_accepted) {}

  void Select(const Step& step, int index) {
    step_ = &step;
    index_ = index;
  }
  // The limit of the selected step.
  int LimitMs() const {
    if (step_->limit_ms) {
      return *step_->limit_ms;
    }
    const struct LimitsMs& limits = run_.request().limits_ms;
    if (std::holds_alternative<WaitReadyStep>(step_->action)) {
      return limits.start;
    }
    if (std::holds_alternative<CommandStep>(step_->action)) {
      return kCommandLimitMs;
    }
    return std::holds_alternative<WaitExitStep>(step_->action)
               ? static_cast<int>(run_.stop_limit_ms())
               : limits.rpc;
  }

  Outcome operator()(const WaitReadyStep&);
  Outcome operator()(const RpcStep& step);
  Outcome operator()(const ArmStep& step);
  Outcome operator()(const DisarmStep& step);
  Outcome operator()(const SignalStep& step);
  Outcome operator()(const CommandStep& step);
  Outcome operator()(const TerminalStep& step);
  Outcome operator()(const ExpectLogStep& step);
  Outcome operator()(const WaitExitStep& step);

 private:
  std::string Expand(const std::string& text) const {
    return ExpandForRun(text, run_.sandbox().variables());
  }
  // Ended before the step could do its work.
  Outcome Gone(const std::string& doing) const {
    return {Status::kTargetGone,
            "the target ended (" + run_.process().exit_status().ToString() + ") " + doing};
  }
  Outcome AlreadyGone() const {
    if (gone_accepted_) {
      return {Status::kSkipped, "the target had ended"};
    }
    return Gone("before this step");
  }
  Outcome TimedOut(const std::string& waiting_for) {
    run_.CaptureHang(fmt::format("taken when step {} had outlived its limit", index_));
    return {Status::kTimedOut, fmt::format("{} did not come within {} ms", waiting_for, LimitMs())};
  }
  LiveRun::Wait WaitReady(const ReadyCondition& ready);
  RpcExchange Exchange(const RpcStep& step);

  LiveRun& run_;
  size_t& log_mark_;
  bool& gone_accepted_;
  const Step* step_ = nullptr;
  int index_ = 0;
};

LiveRun::Wait StepRunner::WaitReady(const ReadyCondition& ready) {
  switch (ready.kind) {
    case ReadyCondition::Kind::kLogLine: {
      const std::regex pattern(ready.log_pattern);
      return run_.WaitFor([&] { return run_.log().Find(pattern, 0).has_value(); }, LimitMs());
    }
    case ReadyCondition::Kind::kRpcSocket: {
      JsonRpcClient& rpc = run_.rpc();
      if (ready.rpc_method.empty()) {
        return run_.WaitFor([&] { return rpc.state() == JsonRpcClient::State::kConnected; },
                            LimitMs());
      }
      // Any answer will do, an error too: it shows that somebody is there.
      const uint64_t id = rpc.Send(ready.rpc_method, nullptr);
      const LiveRun::Wait wait = run_.WaitFor([&] { return rpc.HasAnswer(id); }, LimitMs());
      rpc.TakeAnswer(id);
      return wait;
    }
    case ReadyCondition::Kind::kStarted:
      break;
  }
  return LiveRun::Wait::kMet;
}

Outcome StepRunner::operator()(const WaitReadyStep&) {
  const LiveRun::Wait wait = WaitReady(run_.request().profile.ready);
  if (wait == LiveRun::Wait::kMet) {
    run_.evidence().start_ms = std::max<int64_t>(1, run_.now_ms());
    CheckAgentReady(run_);
    return {};
  }
  return wait == LiveRun::Wait::kExited ? Gone("before it was ready") : TimedOut("readiness");
}

RpcExchange StepRunner::Exchange(const RpcStep& step) {
  RpcExchange exchange;
  exchange.step = index_;
  exchange.method = step.method;
  exchange.params = ExpandJsonForRun(step.params, run_.sandbox().variables());
  exchange.must_fail = MustFail(step.expect);
  const int64_t begin_ms = run_.now_ms();
  JsonRpcClient& rpc = run_.rpc();
  run_.TakeDropped();  // what was dropped before is no matter of this request
  const uint64_t id = rpc.Send(exchange.method, exchange.params);
  const LiveRun::Wait wait = run_.WaitFor([&] { return rpc.HasAnswer(id); }, LimitMs());
  exchange.duration_ms = run_.now_ms() - begin_ms;
  if (wait == LiveRun::Wait::kMet) {
    if (auto answer = rpc.TakeAnswer(id)) {
      exchange.outcome = answer->outcome;
      exchange.answer = std::move(answer->value);
    }
  } else {
    const bool never_connected = rpc.state() == JsonRpcClient::State::kWaiting;
    exchange.outcome = wait == LiveRun::Wait::kExited || never_connected
                           ? RpcExchange::Outcome::kGone
                           : RpcExchange::Outcome::kNoAnswer;
    rpc.Forget(id);
  }
  return exchange;
}

Outcome StepRunner::operator()(const RpcStep& step) {
  if (run_.exited()) {
    return AlreadyGone();
  }
  RpcExchange exchange = Exchange(step);
  if (exchange.outcome == RpcExchange::Outcome::kGone && run_.TakeDropped()) {
    return {Status::kSkipped, "a fault dropped the connection before the answer"};
  }
  if (exchange.outcome == RpcExchange::Outcome::kGone) {
    run_.WaitForExit(kGoneGraceMs);
  }
  std::vector<RpcExpectation> expect = step.expect;
  for (RpcExpectation& expectation : expect) {
    if (expectation.value) {
      expectation.value = ExpandJsonForRun(*expectation.value, run_.sandbox().variables());
    }
  }
  const bool met = MeetsAny(exchange, expect);
  const std::string detail = "expected " + Describe(expect) + ", got " + Describe(exchange);
  const RpcExchange::Outcome outcome = exchange.outcome;
  run_.evidence().rpcs.push_back(std::move(exchange));
  if (met) {
    gone_accepted_ |= outcome == RpcExchange::Outcome::kGone;
    return {};
  }
  if (outcome == RpcExchange::Outcome::kNoAnswer) {
    return TimedOut("an answer to " + step.method);
  }
  if (outcome == RpcExchange::Outcome::kGone && run_.exited()) {
    return Gone("before it answered");
  }
  return {Status::kUnmet, detail};
}

Outcome StepRunner::operator()(const ArmStep& step) {
  for (const std::string& fault : step.faults) {
    run_.ArmIfPlanned(fault);
  }
  return {};
}

Outcome StepRunner::operator()(const DisarmStep& step) {
  for (const std::string& fault : step.faults) {
    run_.DisarmIfPlanned(fault);
  }
  return {};
}

Outcome StepRunner::operator()(const SignalStep& step) {
  if (run_.exited()) {
    return {Status::kSkipped, "the target had ended"};
  }
  run_.process().Signal(step.signal);
  if (step.signal == run_.request().profile.stop_signal || step.signal == SIGTERM ||
      step.signal == SIGINT) {
    run_.NoteStopSignal();
  }
  return {};
}

Outcome StepRunner::operator()(const CommandStep& step) {
  std::vector<std::string> argv;
  for (const std::string& argument : step.argv) {
    argv.push_back(Expand(argument));
  }
  const CommandResult result = RunCommand(argv, run_.sandbox().CommandEnvironment(),
                                          run_.sandbox().run_dir(), LimitMs(), run_.loop());
  if (result.exit.kind == ExitStatus::Kind::kExited && result.exit.code == step.expect_exit) {
    return {};
  }
  return {Status::kUnmet, fmt::format("expected exit {} of {}, got {}: {}", step.expect_exit,
                                      argv.front(), result.exit.ToString(), result.output)};
}

Outcome StepRunner::operator()(const TerminalStep& step) {
  if (run_.exited()) {
    return AlreadyGone();
  }
  log_mark_ = run_.log().line_count();
  if (run_.process().Write(Expand(step.text), InMs(LimitMs()))) {
    return {};
  }
  return {Status::kUnmet, "the target does not read its terminal"};
}

Outcome StepRunner::operator()(const ExpectLogStep& step) {
  const std::regex pattern(step.pattern);
  const auto found = [&] { return run_.log().Find(pattern, log_mark_).has_value(); };
  switch (run_.WaitFor(found, LimitMs())) {
    case LiveRun::Wait::kMet:
      return {};
    case LiveRun::Wait::kExited:
      return {Status::kUnmet,
              "expected a line with `" + step.pattern + "`; the target ended without it"};
    case LiveRun::Wait::kTimedOut:
      break;
  }
  return {Status::kUnmet, fmt::format("expected a line with `{}`; none came within {} ms",
                                      step.pattern, LimitMs())};
}

Outcome StepRunner::operator()(const WaitExitStep& step) {
  if (!run_.WaitForExit(LimitMs())) {
    return TimedOut("the exit");
  }
  gone_accepted_ = true;
  const ExitStatus& exit = run_.process().exit_status();
  if (step.expect_exit.empty()) {
    return exit.kind == ExitStatus::Kind::kExited
               ? Outcome{}
               : Outcome{Status::kUnmet, "expected an exit, got " + exit.ToString()};
  }
  if (exit.kind == ExitStatus::Kind::kExited &&
      std::find(step.expect_exit.begin(), step.expect_exit.end(), exit.code) !=
          step.expect_exit.end()) {
    return {};
  }
  return {Status::kUnmet, fmt::format("expected exit {}, got {}",
                                      fmt::join(step.expect_exit, " or "), exit.ToString())};
}

// Faults that become active with this step.
void ArmFrom(LiveRun& run, const Step& step) {
  for (const Fault& fault : run.request().faults) {
    if (!step.name.empty() && fault.from_step == step.name) {
      run.ArmIfPlanned(fault.id);
    }
  }
}

}  // namespace

void RunSteps(LiveRun& run) {
  size_t log_mark = 0;
  bool gone_accepted = false;
  bool failed = false;
  StepRunner runner(run, log_mark, gone_accepted);
  const std::vector<Step>& steps = run.request().scenario.steps;
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    StepResult result;
    result.index = static_cast<int>(i) + 1;
    result.title = step.Title();
    result.begin_ms = run.now_ms();
    if (failed && !step.even_if_gone) {
      result.status = Status::kSkipped;
      result.detail = "an earlier step did not end as expected";
    } else {
      run.BeginStep(result.index);
      ArmFrom(run, step);
      runner.Select(step, result.index);
      result.limit_ms = runner.LimitMs();
      Outcome outcome = std::visit(runner, step.action);
      result.status = outcome.status;
      result.detail = std::move(outcome.detail);
      result.duration_ms = run.now_ms() - result.begin_ms;
      failed |= result.status != Status::kDone && result.status != Status::kSkipped;
    }
    run.evidence().steps.push_back(std::move(result));
  }
}

}  // namespace faultline
