#include "harness/run/step_runner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>

#include "harness/base/failure.h"
#include "harness/oracle/expected_end.h"
#include "harness/run/agent_check.h"
#include "harness/run/command.h"
#include "harness/run/second_signal.h"
#include "harness/run/stop.h"

// What each kind of step does.
namespace faultline {
namespace {

using Status = StepResult::Status;

// A target that says nothing for so long will not say what was only to come under a fault.
constexpr int kQuietMs = 3'000;

// "; it last said `...`"
std::string LastWords(const LogWatch& log) {
  constexpr size_t kMostShown = 200;
  const std::vector<LogLine> lines = log.Lines();
  const auto last = std::find_if(lines.rbegin(), lines.rend(),
                                 [](const LogLine& line) { return !line.text.empty(); });
  return last == lines.rend() ? "; it said nothing"
                              : "; it last said `" + last->text.substr(0, kMostShown) + "`";
}

// Has it died of a signal that a step has sent it, other than one that asks it to stop?
bool HasEndedAsWritten(LiveRun& run) {
  Evidence so_far;
  so_far.steps = run.evidence().steps;
  so_far.exit = run.process().exit_status();
  const RunRequest& request = run.request();
  return EndedAsWritten(so_far, {request.scenario, request.profile, request.catalogue});
}

}  // namespace

StepOutcome StepRunner::operator()(const WaitReadyStep&) {
  has_started_ = true;
  LiveRun::Wait wait = WaitReady(run_.request().profile.ready);
  if (wait == LiveRun::Wait::kMet && run_.request().profile.detaches) {
    wait_ = {.for_what = "the started process to end, as one does that detaches",
             .limit_ms = LimitMs(),
             .most_ms = MostMs()};
    wait = run_.AwaitDetached(wait_);
  }
  if (wait == LiveRun::Wait::kMet && !lost_line_.empty()) {
    return {Status::kDone, fmt::format("the line that says ready may be lost with the failed {}; "
                                       "it was waited for {} ms, and the target lives",
                                       lost_line_, wait_.took_ms)};
  }
  if (wait == LiveRun::Wait::kMet) {
    run_.evidence().start_ms = std::max<int64_t>(1, run_.now_ms());
    CheckAgentReady(run_);
    return {};
  }
  if (wait == LiveRun::Wait::kExited) {
    StepOutcome gone = Gone("before it was ready");
    gone.detail += LastWords(run_.log());
    return gone;
  }
  if (const std::string point = DroppedClient(RpcExchange::Outcome::kNoAnswer); !point.empty()) {
    return {Status::kDone, fmt::format("the failed {} lost the harness's connection; the target "
                                       "serves another client",
                                       point)};
  }
  StepOutcome timed_out = TimedOut();
  timed_out.detail += LastWords(run_.log());
  return timed_out;
}

StepOutcome StepRunner::operator()(const ArmStep& step) {
  for (const std::string& fault : step.faults) {
    run_.ArmIfPlanned(fault);
  }
  return {};
}

StepOutcome StepRunner::operator()(const DisarmStep& step) {
  for (const std::string& fault : step.faults) {
    run_.DisarmIfPlanned(fault);
  }
  return {};
}

StepOutcome StepRunner::operator()(const SignalStep& step) {
  if (run_.exited()) {
    return {Status::kSkipped, "the target had ended"};
  }
  if (step.signal == run_.request().profile.stop_signal || step.signal == SIGTERM ||
      step.signal == SIGINT) {
    run_.NoteStopSignal(step.signal);
  }
  run_.process().Signal(step.signal);
  return {};
}

StepOutcome StepRunner::operator()(const CommandStep& step) {
  may_be_asked_ = true;
  const StopAction& stop = run_.request().profile.stop;
  if (stop.kind == StopAction::Kind::kRun && step.argv == stop.argv && !run_.exited()) {
    run_.NoteStopSignal();
  }
  std::vector<std::string> argv;
  for (const std::string& argument : step.argv) {
    argv.push_back(Expand(argument));
  }
  const std::map<std::string, std::string> environment = run_.sandbox().CommandEnvironment();
  const CommandResult result =
      RunCommand(argv, {environment, run_.sandbox().run_dir(), &run_.sandbox().space()}, LimitMs(),
                 run_.loop(), run_.process().pid());
  said_ = result.LastLine();
  printed_ = result.Lines();
  const bool met = result.exit.kind == ExitStatus::Kind::kExited &&
                   std::find(step.expect_exit.begin(), step.expect_exit.end(), result.exit.code) !=
                       step.expect_exit.end();
  if (met) {
    RefuseLeftRunning(result, step_->position.ToString());
    return {};
  }
  std::string detail =
      fmt::format("expected exit {} of {}, got {}: {}", fmt::join(step.expect_exit, " or "),
                  CommandTitle(argv), result.exit.ToString(), result.output);
  if (!result.left_running.empty()) {
    detail +=
        fmt::format("; it left {} running, which was killed", fmt::join(result.left_running, ", "));
  }
  return {Status::kUnmet, detail};
}

StepOutcome StepRunner::operator()(const TerminalStep& step) {
  if (run_.exited()) {
    return AlreadyGone();
  }
  may_be_asked_ = true;
  const StopAction& stop = run_.request().profile.stop;
  if (stop.kind == StopAction::Kind::kType && step.text == stop.text) {
    run_.NoteStopSignal();
  }
  log_mark_ = run_.log().line_count();
  if (run_.process().Write(Expand(step.text), InMs(LimitMs()))) {
    return {};
  }
  return {Status::kUnmet, "the target does not read its terminal"};
}

StepOutcome StepRunner::operator()(const ExpectLogStep& step) {
  if (step.if_it_comes) {
    return WaitForLineIfItComes(step.pattern);
  }
  const LiveRun::Wait wait =
      WaitForLine("a line with `" + step.pattern + "`", step.pattern, log_mark_);
  if (wait == LiveRun::Wait::kMet && !lost_line_.empty()) {
    return {Status::kSkipped, "the line may be lost with the failed " + lost_line_};
  }
  switch (wait) {
    case LiveRun::Wait::kMet:
      return {};
    case LiveRun::Wait::kExited:
      return {Status::kUnmet,
              "expected a line with `" + step.pattern + "`; the target ended without it"};
    case LiveRun::Wait::kTimedOut:
      break;
  }
  return {Status::kUnmet, fmt::format("expected a line with `{}`; none came within {} ms",
                                      step.pattern, wait_.took_ms)};
}

StepOutcome StepRunner::WaitForLineIfItComes(const std::string& text) {
  const LinePattern pattern(text);
  const Clock::time_point limit = InMs(LimitMs());
  size_t lines = 0;
  do {
    lines = run_.log().line_count();
    wait_ = {.for_what = "a line with `" + text + "`, if it comes",
             .limit_ms = kQuietMs,
             .most_ms = kQuietMs};
    if (run_.WaitFor([&] { return run_.log().Find(pattern, log_mark_).has_value(); }, wait_) ==
        LiveRun::Wait::kMet) {
      return {};
    }
  } while (!run_.exited() && run_.log().line_count() > lines && Clock::now() < limit);
  wait_ = {};
  return {Status::kSkipped, "no such line came"};
}

StepOutcome StepRunner::operator()(const WaitExitStep& step) {
  const bool by_itself =
      run_.request().profile.stop.kind == StopAction::Kind::kByItself || may_be_asked_;
  std::string refused;
  if (step.ask && (!by_itself || !run_.WaitForExit(kQuietMs))) {
    refused = AskToStop(run_);
  }
  if (Wait(kForItsEnd, [] { return false; }) == LiveRun::Wait::kTimedOut &&
      !ObeysSecondSignal(run_)) {
    if (!refused.empty()) {
      return {Status::kUnmet, refused + "; the target runs on"};
    }
    unasked_ = !by_itself && !run_.stop_signal_sent() && !run_.StoppedByFault();
    still_serves_ = unasked_ && run_.ServesAnotherClient();
    // Of one that is well no stacks are taken: halted threads would take the signal that it is
    // about to get in another order (see Process::CaptureStacks).
    const bool was_ready = run_.evidence().start_ms > 0 &&
                           run_.request().profile.ready.kind != ReadyCondition::Kind::kStarted;
    return unasked_ && (still_serves_ || was_ready)
               ? StepOutcome{Status::kTimedOut, wait_.ToString()}
               : TimedOut();
  }
  gone_accepted_ = true;
  const ExitStatus& exit = run_.process().exit_status();
  if (step.expect_exit.empty()) {
    const bool as_its_kind_does =
        run_.stop_signal_sent() && IsCleanEnd(exit, run_.request().profile.clean);
    return exit.kind == ExitStatus::Kind::kExited || as_its_kind_does || HasEndedAsWritten(run_)
               ? StepOutcome{}
               : StepOutcome{Status::kUnmet, "expected an exit, got " + exit.ToString()};
  }
  if (exit.kind == ExitStatus::Kind::kExited &&
      std::find(step.expect_exit.begin(), step.expect_exit.end(), exit.code) !=
          step.expect_exit.end()) {
    return {};
  }
  return {Status::kUnmet, fmt::format("expected exit {}, got {}",
                                      fmt::join(step.expect_exit, " or "), exit.ToString())};
}

}  // namespace faultline
