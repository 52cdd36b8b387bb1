#include "harness/run/step_runner.h"

#include <fmt/format.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "harness/base/failure.h"
#include "harness/base/unique_fd.h"
#include "harness/run/agent_check.h"
#include "harness/run/executed.h"
#include "harness/run/ready_place.h"
#include "harness/scenario/load_step.h"

// How a step waits for the target.
namespace faultline {
namespace {

using Status = StepResult::Status;

constexpr int kCommandLimitMs = 60'000;

// " (its line `...`)": what never came when it is not ready.
std::string HowKnown(const ReadyCondition& ready) {
  if (ready.kind == ReadyCondition::Kind::kLogLine) {
    return " (its line `" + ready.value + "`)";
  }
  if (ready.kind == ReadyCondition::Kind::kFile) {
    return " (its file " + ready.value + ")";
  }
  if (ready.kind == ReadyCondition::Kind::kPort) {
    return " (somebody who listens at port " + ready.value + ")";
  }
  return ready.rpc_method.empty() ? "" : " (an answer to RPC " + ready.rpc_method + ")";
}

}  // namespace

StepRunner::StepRunner(LiveRun& run) : run_(run) {
  const std::vector<Step>& steps = run.request().scenario.steps;
  saves_ = std::any_of(steps.begin(), steps.end(),
                       [](const Step& step) { return !SavedBy(step).empty(); });
}

StepResult StepRunner::Run(const Step& step, int index) {
  StepResult result;
  result.index = index;
  result.title = step.Title();
  result.begin_ms = run_.now_ms();
  Select(step, index);
  result.limit_ms = LimitMs();
  StepOutcome outcome;
  try {
    outcome = std::visit(*this, step.action);
  } catch (const MissingValue& missing) {
    if (!saves_) {
      throw;
    }
    outcome = {Status::kSkipped, std::string(missing.what()) + ", for no step has saved it"};
  }
  result.wait = wait_;
  result.unasked = unasked_;
  result.still_serves = still_serves_;
  result.said = std::move(said_);
  result.printed = std::move(printed_);
  result.status = outcome.status;
  result.detail = std::move(outcome.detail);
  result.duration_ms = run_.now_ms() - result.begin_ms;
  return result;
}

void StepRunner::Select(const Step& step, int index) {
  step_ = &step;
  index_ = index;
  wait_ = {};
  unasked_ = false;
  still_serves_ = false;
  lost_line_.clear();
  said_.clear();
  printed_.clear();
}

int StepRunner::LimitMs() const {
  if (step_->limit_ms) {
    return *step_->limit_ms;
  }
  const struct LimitsMs& limits = run_.request().limits_ms;
  if (std::holds_alternative<WaitReadyStep>(step_->action)) {
    return limits.start;
  }
  if (std::holds_alternative<CommandStep>(step_->action) ||
      std::holds_alternative<StartCompanionStep>(step_->action)) {
    return kCommandLimitMs;
  }
  return std::holds_alternative<WaitExitStep>(step_->action)
             ? static_cast<int>(run_.stop_limit_ms())
             : limits.rpc;
}

int64_t StepRunner::MostMs() const {
  const struct LimitsMs& upper = run_.request().scenario.limits_ms;
  const int most = std::holds_alternative<WaitReadyStep>(step_->action)  ? upper.start
                   : std::holds_alternative<WaitExitStep>(step_->action) ? upper.stop
                                                                         : upper.rpc;
  return std::max<int64_t>(most, int64_t{2} * LimitMs());
}

std::string StepRunner::Expand(const std::string& text) const {
  return ExpandForRun(text, run_.sandbox().variables());
}

StepOutcome StepRunner::Gone(const std::string& doing) const {
  return {Status::kTargetGone,
          "the target ended (" + run_.process().exit_status().ToString() + ") " + doing};
}

StepOutcome StepRunner::AlreadyGone() const {
  if (gone_accepted_) {
    return {Status::kSkipped, "the target had ended"};
  }
  return Gone("before this step");
}

StepOutcome StepRunner::TimedOut() {
  if (const std::string held = run_.HeldByFaults(); !held.empty()) {
    run_.ReleaseHeld();
    if (std::holds_alternative<WaitExitStep>(step_->action)) {
      run_.WaitForExit(LimitMs());  // it has its time from now on
    }
    return {Status::kUnmet, fmt::format("{}; meanwhile a thread of the target was kept waiting by "
                                        "fault {}, and let go on then",
                                        wait_.ToString(), held)};
  }
  run_.CaptureHang(fmt::format("taken when step {} had outlived its limit", index_));
  return {Status::kTimedOut, wait_.ToString()};
}

LiveRun::Wait StepRunner::Wait(const std::string& for_what, const std::function<bool()>& met,
                               bool may_get_on) {
  wait_ = {.for_what = for_what,
           .limit_ms = LimitMs(),
           .most_ms = may_get_on ? MostMs() : LimitMs(),
           .limit_is_own = step_->limit_ms.has_value()};
  return run_.WaitFor(met, wait_);
}

bool StepRunner::FoundOrLost(const LinePattern& pattern, size_t from, Clock::time_point limit) {
  if (run_.log().Find(pattern, from)) {
    return true;
  }
  if (lost_line_.empty() && Clock::now() >= limit && !run_.exited()) {
    lost_line_ = run_.failed_calls().LostOutput();
  }
  return !lost_line_.empty();
}

LiveRun::Wait StepRunner::WaitForLine(const std::string& for_what, const std::string& pattern,
                                      size_t from) {
  const LinePattern line(pattern);
  const Clock::time_point limit = InMs(LimitMs());
  return Wait(for_what, [&] { return FoundOrLost(line, from, limit); });
}

LiveRun::Wait StepRunner::WaitReady(const ReadyCondition& ready) {
  const std::string for_what = kForReady + HowKnown(ready);
  switch (ready.kind) {
    case ReadyCondition::Kind::kLogLine:
      return WaitForLine(for_what, ready.value, 0);
    case ReadyCondition::Kind::kRpcSocket: {
      JsonRpcClient& rpc = *run_.rpc();
      if (ready.rpc_method.empty()) {
        return Wait(for_what, [&] { return rpc.state() == JsonRpcClient::State::kConnected; });
      }
      // Any answer will do, an error too: it shows that somebody is there.
      const uint64_t id = rpc.Send(ready.rpc_method, nullptr);
      const LiveRun::Wait wait = Wait(for_what, [&] { return rpc.HasAnswer(id); });
      rpc.TakeAnswer(id);
      return wait;
    }
    case ReadyCondition::Kind::kFile:
      return WaitForPlace(for_what, [this] { return run_.HasReadyFile(); });
    case ReadyCondition::Kind::kPort:
      return WaitForPlace(for_what, [&] { return ListensAt(ready.value, run_.sandbox()); });
    case ReadyCondition::Kind::kStarted:
      break;
  }
  has_started_ = true;
  wait_ = {.for_what = for_what, .limit_ms = LimitMs(), .most_ms = LimitMs()};
  return WaitStarted(wait_);
}

void StepRunner::AwaitStart() {
  if (std::exchange(has_started_, true)) {
    return;
  }
  const int limit_ms = run_.request().limits_ms.start;
  WaitAccount wait{.for_what = "the target to start", .limit_ms = limit_ms, .most_ms = limit_ms};
  WaitStarted(wait);
}

// No event says that there is a file, or a listener: a timer makes the events at which the wait
// looks.
LiveRun::Wait StepRunner::WaitForPlace(const std::string& for_what,
                                       const std::function<bool()>& there) {
  constexpr long kEveryNs = 5'000'000;
  const UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  const itimerspec every = {.it_interval = {0, kEveryNs}, .it_value = {0, kEveryNs}};
  if (!timer || timerfd_settime(timer.get(), 0, &every, nullptr) != 0) {
    throw Failure::CannotWork(fmt::format("cannot make a timer: {}", std::strerror(errno)));
  }
  run_.loop().Add(timer.get(), [&timer] {
    uint64_t times = 0;
    [[maybe_unused]] const ssize_t got = read(timer.get(), &times, sizeof(times));
  });
  const struct Registered {
    EventLoop& loop;
    int fd;
    ~Registered() { loop.Remove(fd); }
  } registered{run_.loop(), timer.get()};
  return Wait(for_what, there);
}

// It has started when main is about to begin, which the agent says; without one, when it was
// started. A loader takes its time, and nothing can be armed or judged before.
LiveRun::Wait StepRunner::WaitStarted(WaitAccount& wait) {
  if (!run_.hooking().wanted() || !WhyPreloadFails(HookedProgram(run_.request())).empty()) {
    return LiveRun::Wait::kMet;
  }
  const auto spoke = [this] {
    return run_.hooking().journal().agent_state() != protocol::AgentState::kAbsent;
  };
  const LiveRun::Wait outcome = run_.PollFor(spoke, wait);
  AwaitWrapper(run_);
  return outcome;
}

}  // namespace faultline
