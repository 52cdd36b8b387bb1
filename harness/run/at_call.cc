#include "harness/run/at_call.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include "harness/base/failure.h"
#include "harness/run/live_run.h"
#include "harness/run/rpc_match.h"
#include "harness/run/step_runner.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

bool IsForHarness(const Fault& fault) {
  return fault.action != Fault::Action::kFail && fault.action != Fault::Action::kSignal;
}

}  // namespace

AtCall::AtCall(const RunRequest& request, LiveRun& run)
    : request_(request),
      run_(run),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (!timer_) {
    throw Failure::FromErrno("timerfd_create", errno);
  }
}

AtCall::~AtCall() {
  for (const Sent& sent : sent_) {
    run_.loop().Remove(sent.client->fd());
  }
}

bool AtCall::wanted() const {
  return std::any_of(request_.faults.begin(), request_.faults.end(), IsForHarness);
}

void AtCall::Serve() {
  uint64_t expirations = 0;
  [[maybe_unused]] const ssize_t got = read(timer_.get(), &expirations, sizeof(expirations));
  // Before the journal is looked at: a thread that stops from now on comes with an event of its
  // own.
  const std::set<pid_t> threads = run_.process().StoppedThreads();
  ServeNewHits();
  std::erase_if(held_, [](const auto& held) { return held.second.until <= Clock::now(); });
  Resume(threads);
}

// The journal says which thread has met which fault. Steps at a call may lead here once more, so
// that all of the new ones are held first.
void AtCall::ServeNewHits() {
  const std::vector<std::string>& faults = run_.hooking().plan().faults;
  std::vector<std::pair<const Fault*, pid_t>> hits;
  for (const JournalRecord& record : run_.hooking().journal().RecordsFrom(position_)) {
    if (record.kind != JournalRecord::kInjected || record.rule >= faults.size()) {
      continue;
    }
    for (const Fault& fault : request_.faults) {
      if (fault.id == faults[record.rule] && IsForHarness(fault)) {
        hits.emplace_back(&fault, static_cast<pid_t>(record.tid));
        held_[hits.back().second] = {&fault, kNoDeadline};
      }
    }
  }
  for (const auto& [fault, tid] : hits) {
    Do(*fault, tid);
  }
}

void AtCall::Resume(std::set<pid_t> threads) {
  for (const auto& [tid, held] : held_) {
    threads.erase(tid);
  }
  run_.process().Resume(threads);
  SetTimer();
}

void AtCall::SetTimer() {
  Deadline next = kNoDeadline;
  for (const auto& [tid, held] : held_) {
    next = std::min(next, held.until);
  }
  itimerspec when = {};
  if (next != kNoDeadline) {
    const auto left =
        std::max<std::chrono::nanoseconds>(std::chrono::nanoseconds(1), next - Clock::now());
    when.it_value.tv_sec = left.count() / 1'000'000'000;
    when.it_value.tv_nsec = left.count() % 1'000'000'000;
  }
  timerfd_settime(timer_.get(), 0, &when, nullptr);
}

void AtCall::Release(const std::string& step) {
  begun_.insert(step);
  const size_t held = held_.size();
  std::erase_if(
      held_, [&](const auto& one) { return step.empty() || one.second.fault->until_step == step; });
  if (held_.size() != held) {
    Resume(run_.process().StoppedThreads());
  }
}

std::string AtCall::Holding() const {
  std::string text;
  for (const auto& [tid, held] : held_) {
    text += (text.empty() ? "" : ", ") + held.fault->id;
  }
  return text;
}

// `tid` is held; all but a delay and `until_step` let it go on.
void AtCall::Do(const Fault& fault, pid_t tid) {
  switch (fault.action) {
    case Fault::Action::kDelay:
      held_[tid].until = InMs(fault.delay_ms);
      return;
    case Fault::Action::kHold:
      if (begun_.contains("") || begun_.contains(fault.until_step)) {
        break;  // the call comes when there is nothing left to wait for
      }
      return;
    case Fault::Action::kDropConnection:
      dropped_ |= run_.DropRpc();
      break;
    case Fault::Action::kRpc:
      Send(fault);
      break;
    case Fault::Action::kSteps:
      DoSteps(fault);
      break;
    case Fault::Action::kFail:
    case Fault::Action::kSignal:
      break;
  }
  held_.erase(tid);
}

void AtCall::DoSteps(const Fault& fault) {
  const int step = run_.step();
  std::map<LiveRun*, StepRunner> runners;
  bool failed = false;
  for (size_t i = 0; i < fault.at_call.size(); ++i) {
    const Step& one = fault.at_call[i];
    StepResult result;
    result.index = static_cast<int>(i) + 1;
    LiveRun* const other = run_.Other(one.target);
    LiveRun* const on = one.target.empty() ? &run_ : other;
    if (failed || on == nullptr) {
      result.title = one.Title();
      result.status = StepResult::Status::kSkipped;
      result.detail = failed ? "" : "target " + one.target + " is not running";
    } else {
      result = runners.try_emplace(on, *on).first->second.Run(one, 0);
      result.index = static_cast<int>(i) + 1;
      failed = result.status != StepResult::Status::kDone &&
               result.status != StepResult::Status::kSkipped;
    }
    run_.evidence().fault_steps.push_back({fault.id, step, std::move(result)});
  }
}

void AtCall::Send(const Fault& fault) {
  Sent sent;
  sent.client = std::make_unique<JsonRpcClient>(run_.sandbox().rpc_address());
  sent.fault = &fault;
  sent.begin_ms = run_.now_ms();
  sent.exchange.step = run_.step();
  sent.exchange.method = fault.rpc.method;
  sent.exchange.params =
      ExpandJsonForRun(fault.rpc.params, run_.sandbox().variables(), run_.sandbox().saved());
  sent.exchange.must_fail = MustFail(fault.expect);
  sent.id = sent.client->Send(sent.exchange.method, sent.exchange.params);
  run_.loop().Add(sent.client->fd(), [client = sent.client.get()] { client->OnReadable(); });
  sent_.push_back(std::move(sent));
}

void AtCall::AwaitAnswers() {
  Release("");
  for (Sent& sent : sent_) {
    if (std::exchange(sent.awaited, true)) {
      continue;
    }
    Await(sent);
    FaultRpc rpc;
    rpc.fault = sent.fault->id;
    rpc.delivered = sent.answered || sent.client->state() != JsonRpcClient::State::kWaiting;
    const std::vector<RpcExpectation> expect =
        ExpandForRun(sent.fault->expect, run_.sandbox().variables(), run_.sandbox().saved());
    if (!MeetsAny(sent.exchange, expect)) {
      rpc.unmet = "expected " + Describe(expect) + ", got " +
                  (rpc.delivered ? Describe(sent.exchange) : "no connection to send it over");
    }
    rpc.exchange = sent.exchange;
    rpc.wait = sent.wait;
    run_.evidence().fault_rpcs.push_back(std::move(rpc));
  }
}

void AtCall::Await(Sent& sent) {
  const auto settled = [&sent] {
    return sent.client->HasAnswer(sent.id) ||
           sent.client->state() == JsonRpcClient::State::kWaiting;
  };
  const int64_t left_ms =
      std::max<int64_t>(1, sent.begin_ms + run_.request().limits_ms.rpc - run_.now_ms());
  sent.wait.for_what = "the answer to RPC " + sent.exchange.method + " of fault " + sent.fault->id;
  sent.wait.limit_ms = sent.wait.most_ms = left_ms;
  const LiveRun::Wait wait = run_.WaitFor(settled, sent.wait);
  sent.exchange.duration_ms = run_.now_ms() - sent.begin_ms;
  if (std::optional<RpcAnswer> answer = sent.client->TakeAnswer(sent.id)) {
    sent.answered = true;
    sent.exchange.outcome = answer->outcome;
    sent.exchange.answer = std::move(answer->value);
  } else if (wait == LiveRun::Wait::kTimedOut) {
    run_.CaptureHang("taken when the request of fault " + sent.fault->id +
                     " had outlived its limit");
  } else {
    sent.exchange.outcome = RpcExchange::Outcome::kGone;
  }
}

bool AtCall::TakeDropped() { return std::exchange(dropped_, false); }

bool AtCall::WasHit(const Fault& fault) const {
  return run_.hooking().wanted() && run_.hooking().Hits(fault.id) > 0;
}

bool AtCall::AskedToStop() const {
  const bool by_signal =
      std::any_of(request_.faults.begin(), request_.faults.end(), [&](const Fault& fault) {
        return fault.action == Fault::Action::kSignal && WasHit(fault) &&
               (fault.signal == request_.profile.stop_signal || fault.signal == SIGTERM ||
                fault.signal == SIGINT);
      });
  return by_signal || std::any_of(sent_.begin(), sent_.end(), [&](const Sent& sent) {
           return sent.exchange.method == request_.profile.stop_rpc.method &&
                  (sent.answered || sent.client->HasAnswer(sent.id));
         });
}

}  // namespace faultline
