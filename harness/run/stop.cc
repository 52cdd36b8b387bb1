#include "harness/run/stop.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "harness/base/failure.h"
#include "harness/oracle/stop_command.h"
#include "harness/run/command.h"
#include "harness/run/rpc_match.h"
#include "harness/run/second_signal.h"
#include "harness/target/proc_status.h"

namespace faultline {
namespace {

// Waits for what remains of the limit when it was asked some time ago, at `asked_ms`. False when
// the target did not end.
bool WaitForEnd(LiveRun& run, int64_t asked_ms) {
  const int64_t elapsed_ms = run.now_ms() - asked_ms;
  const int64_t limit_ms = run.stop_limit_ms();
  // Of a target that has hung before nothing more is to be learned.
  const int64_t most_ms =
      run.hang() ? limit_ms
                 : std::max<int64_t>(run.request().scenario.limits_ms.stop, 2 * limit_ms);
  WaitAccount& wait = run.evidence().stop_wait;
  wait = {.for_what = wait.for_what.empty() ? "the target to end" : wait.for_what,
          .limit_ms = std::max<int64_t>(0, limit_ms - elapsed_ms),
          .most_ms = std::max<int64_t>(0, most_ms - elapsed_ms)};
  bool ended = run.WaitForExit(wait);
  if (!ended && !run.HeldByFaults().empty()) {
    // It was kept waiting by us: it has its time from now on.
    run.ReleaseHeld();
    wait.limit_ms = limit_ms;
    wait.most_ms = std::max(limit_ms, most_ms);
    ended = run.WaitForExit(wait);
  }
  // It counts from the signal on, for those who read it.
  wait.limit_ms = limit_ms;
  wait.most_ms = most_ms;
  wait.took_ms += elapsed_ms;
  return ended;
}

// Will the target take its stop signal otherwise than by dying of it? One that blocks it for good
// reads it from a signalfd(); shells block all signals for a moment, time and again.
class SignalWatch {
 public:
  explicit SignalWatch(const LiveRun& run, pid_t pid)
      : pid_(pid), signal_(run.request().profile.stop_signal) {}

  bool IsHandled() {
    constexpr int64_t kForGoodMs = 50;
    if (!TakesDefaultAction(pid_, signal_)) {
      return true;
    }
    if (WouldDieOf(pid_, signal_)) {
      blocked_since_.reset();
      return false;
    }
    blocked_since_ = blocked_since_.value_or(Clock::now());
    return MsSince(*blocked_since_) >= kForGoodMs;
  }

 private:
  const pid_t pid_;
  const int signal_;
  std::optional<Clock::time_point> blocked_since_;
};

// A signal that the target does not handle would kill it, in the middle of what it is doing: it has
// not come to handle it yet, no longer does, or is a program that ends by itself. It is given the
// time in which it had to stop; what then still has no handler dies of the signal.
void AwaitHandlerOrEnd(LiveRun& run) {
  SignalWatch watch(run, run.process().pid());
  WaitAccount wait{.for_what = "the target to handle the stop signal, or to end",
                   .limit_ms = run.stop_limit_ms(),
                   .most_ms = run.stop_limit_ms()};
  run.PollFor([&] { return watch.IsHandled(); }, wait);
}

// Programs of which every death by the stop signal is a clean end need not be waited for.
bool DiesByDesign(const Profile& profile) {
  return IsCleanEnd({ExitStatus::Kind::kSignaled, profile.stop_signal}, profile.clean);
}

bool WasForced(const ExitStatus& exit, const SecondSignal& second) {
  return exit.kind == ExitStatus::Kind::kExited ||
         (exit.kind == ExitStatus::Kind::kSignaled && exit.code == second.signal);
}

void TakeEnd(LiveRun& run) {
  Evidence& evidence = run.evidence();
  evidence.exit = run.process().exit_status();
  evidence.total_ms = run.process().exit_time_ms();
  int64_t asked_ms = run.stop_sent_ms();
  if (const std::optional<SecondSignal>& second = evidence.second_signal) {
    if (second->first_was_lost) {
      asked_ms = second->sent_ms;
    } else if (WasForced(evidence.exit, *second)) {
      // It had hung: how it ended is our doing, as by SIGKILL.
      evidence.exit = {.kind = ExitStatus::Kind::kKilledByUs, .code = SIGKILL};
    }
  }
  if (evidence.asked_to_stop) {
    evidence.stop_ms = std::max<int64_t>(0, evidence.total_ms - asked_ms);
  }
}

// Is there nobody who could read what is typed? Where its stdin leads elsewhere, it may have kept
// the terminal under another number.
bool HasNoInput(pid_t pid) {
  std::error_code closed;
  const std::filesystem::path input =
      std::filesystem::read_symlink(fmt::format("/proc/{}/fd/0", pid), closed);
  return closed == std::errc::no_such_file_or_directory || input == "/dev/null";
}

// The ways to ask of a profile's `stop` that are no signal. Each says what went wrong with it, ""
// when nothing did.
std::string RunStopCommand(LiveRun& run) {
  const Variables& values = run.sandbox().variables();
  std::vector<std::string> argv;
  for (const std::string& argument : run.request().profile.stop.argv) {
    argv.push_back(ExpandForRun(argument, values));
  }
  const std::map<std::string, std::string> environment = run.sandbox().CommandEnvironment();
  const CommandResult result =
      RunCommand(argv, {environment, run.sandbox().run_dir(), &run.sandbox().space()},
                 static_cast<int>(run.stop_limit_ms()), run.loop(), run.process().pid());
  const bool failed = result.exit.kind != ExitStatus::Kind::kExited || result.exit.code != 0;
  return failed ? fmt::format("the stop command `{}` ended with {}{}{}", fmt::join(argv, " "),
                              result.exit.ToString(), result.output.empty() ? "" : ": ",
                              result.LastLine())
                : "";
}

std::string SendStopRequest(LiveRun& run) {
  RpcExchange exchange;
  exchange.method = run.request().profile.stop_rpc.method;
  exchange.params =
      ExpandJsonForRun(run.request().profile.stop_rpc.params, run.sandbox().variables());
  const std::shared_ptr<JsonRpcClient> client = run.rpc();
  const uint64_t id = client->Send(exchange.method, exchange.params);
  WaitAccount wait{.for_what = "the answer to the stop request",
                   .limit_ms = run.stop_limit_ms(),
                   .most_ms = run.stop_limit_ms()};
  run.WaitFor([&] { return client->HasAnswer(id); }, wait);
  std::optional<RpcAnswer> answer = client->TakeAnswer(id);
  if (run.exited()) {
    return "";
  }
  if (!answer && client->state() == JsonRpcClient::State::kWaiting) {
    return fmt::format("nobody listens to the stop request {}", exchange.method);
  }
  // Without an answer, and with its connection closed, it is on its way out, or hangs.
  if (!answer || answer->outcome != RpcExchange::Outcome::kError) {
    return "";
  }
  exchange.outcome = answer->outcome;
  exchange.answer = std::move(answer->value);
  return fmt::format("the stop request {} was refused: {}", exchange.method, Describe(exchange));
}

std::string TypeStopText(LiveRun& run) {
  const std::string text = ExpandForRun(run.request().profile.stop.text, run.sandbox().variables());
  const bool is_read = !HasNoInput(run.process().pid()) &&
                       run.process().Write(text, InMs(static_cast<int>(run.stop_limit_ms())));
  return is_read || run.exited()
             ? ""
             : fmt::format("the stop text `{}` cannot be typed: the target does not read its {}",
                           text.substr(0, text.find_last_not_of('\n') + 1),
                           run.request().profile.terminal ? "terminal" : "stdin");
}

std::string AskOtherwise(LiveRun& run) {
  switch (run.request().profile.stop.kind) {
    case StopAction::Kind::kRpc:
      return SendStopRequest(run);
    case StopAction::Kind::kRun:
      return RunStopCommand(run);
    case StopAction::Kind::kType:
      return TypeStopText(run);
    case StopAction::Kind::kSignal:
    case StopAction::Kind::kByItself:
      break;
  }
  return "";
}

void KillHanging(LiveRun& run) {
  run.CaptureHang("taken when the target had not stopped in time");
  run.process().Kill();
}

// It could not be asked, and a call had been made to fail: perhaps the one that was to serve this
// request, which would mean nothing. It is asked once more; when that fails again the target is
// deaf to it, and whether it hangs too its stop signal tells.
void StopOtherwise(LiveRun& run) {
  if (run.WaitForExit(run.stop_limit_ms())) {
    return;  // it failed because the target was about to end
  }
  const int64_t asked_ms = run.now_ms();
  const std::string again = AskOtherwise(run);
  if (!again.empty()) {
    StepResult failed;
    failed.index = static_cast<int>(run.request().scenario.steps.size()) + 1;
    failed.title = StopAskedBy(run.evidence());
    failed.status = StepResult::Status::kUnmet;
    failed.detail = again;
    failed.begin_ms = asked_ms;
    failed.duration_ms = run.now_ms() - asked_ms;
    run.evidence().steps.push_back(std::move(failed));
    run.process().Signal(run.request().profile.stop_signal);
  }
  if (!WaitForEnd(run, asked_ms)) {
    KillHanging(run);
  }
}

}  // namespace

std::string AskToStop(LiveRun& run) {
  if (run.exited() || run.stop_signal_sent()) {
    return "";
  }
  const Profile& profile = run.request().profile;
  // One that was asked to stop at a call has been asked; a second time is another matter.
  if (run.StoppedByFault()) {
    run.NoteStopSignal();
    return "";
  }
  if (profile.stop.kind == StopAction::Kind::kSignal && !DiesByDesign(profile) && !run.hang()) {
    AwaitHandlerOrEnd(run);
    if (run.exited()) {
      return "";
    }
  }
  if (profile.stop.kind == StopAction::Kind::kSignal) {
    run.NoteStopSignal(profile.stop_signal);
    run.process().Signal(profile.stop_signal);
    return "";
  }
  run.NoteStopSignal();
  return AskOtherwise(run);
}

void StopTarget(LiveRun& run) {
  Evidence& evidence = run.evidence();
  evidence.stop_limit_ms = run.stop_limit_ms();
  const bool was_there = std::none_of(
      evidence.steps.begin(), evidence.steps.end(),
      [](const StepResult& step) { return step.status == StepResult::Status::kTargetGone; });
  if (!run.exited()) {
    const std::string failed = AskToStop(run);
    if (!failed.empty() && !run.request().faults.empty()) {
      StopOtherwise(run);
    } else if (!WaitForEnd(run, run.stop_sent_ms())) {
      if (!failed.empty()) {
        throw Failure::BadInput(failed + "; the target runs on");
      }
      if (!ObeysSecondSignal(run)) {
        KillHanging(run);
      }
    }
  } else if (run.request().profile.stop.kind == StopAction::Kind::kByItself && was_there &&
             !run.stop_signal_sent()) {
    run.NoteStopSignal();  // it was to end, and did
  }
  TakeEnd(run);
}

void EndBySignal(LiveRun& run, int signal) {
  if (signal == run.request().profile.stop_signal) {
    StopTarget(run);
    return;
  }
  Evidence& evidence = run.evidence();
  evidence.stop_limit_ms = run.stop_limit_ms();
  if (!run.exited()) {
    evidence.ended_by_restart = signal;
    run.process().Signal(signal);
    if (!run.WaitForExit(run.stop_limit_ms())) {
      run.CaptureHang(fmt::format("taken when signal {} had not ended the target", signal));
      run.process().Kill();
    }
  }
  TakeEnd(run);
}

}  // namespace faultline
