// The steps that speak to the target's RPC socket.
#include <fmt/format.h>

#include <algorithm>

#include "harness/run/answer_value.h"
#include "harness/run/rpc_match.h"
#include "harness/run/step_runner.h"

namespace faultline {
namespace {

using Status = StepResult::Status;
using Outcome = RpcExchange::Outcome;

// A target that closed its connection is most often on its way out; what it does next shows within
// this time.
constexpr int64_t kGoneGraceMs = 1'000;
// Between two requests of one that is asked until its answer is right.
constexpr int64_t kFirstPauseMs = 5;
constexpr int64_t kLongestPauseMs = 200;
constexpr char kRaw[] = "(raw)";

bool IsUnanswered(const RpcExchange& exchange) {
  return exchange.outcome == Outcome::kNoAnswer || exchange.outcome == Outcome::kGone;
}

}  // namespace

LiveRun::Unanswered StepRunner::Ask(const RpcStep& step, const std::string& connection) {
  LiveRun::Unanswered asked;
  asked.method = step.method;
  asked.params = ExpandJsonForRun(step.params, run_.sandbox().variables(), run_.sandbox().saved());
  asked.begin_ms = run_.now_ms();
  asked.client = run_.rpc(connection);
  run_.TakeDropped();  // what was dropped before is no matter of this request
  asked.id = asked.client->Send(asked.method, asked.params);
  return asked;
}

RpcExchange StepRunner::Await(const LiveRun::Unanswered& asked,
                              const std::vector<RpcExpectation>& expect) {
  RpcExchange exchange;
  exchange.step = index_;
  exchange.method = asked.method;
  exchange.params = asked.params;
  exchange.must_fail = MustFail(expect);
  JsonRpcClient& rpc = *asked.client;
  // Where no answer is expected, the step waits for the timeout to pass without one.
  const bool silence_is_due =
      std::any_of(expect.begin(), expect.end(), [](const RpcExpectation& expected) {
        return expected.kind == RpcExpectation::Kind::kNoAnswer;
      });
  const LiveRun::Wait wait = Wait(
      "an answer to " + asked.method, [&] { return rpc.HasAnswer(asked.id); }, !silence_is_due);
  exchange.duration_ms = run_.now_ms() - asked.begin_ms;
  if (wait == LiveRun::Wait::kMet) {
    if (auto answer = rpc.TakeAnswer(asked.id)) {
      exchange.outcome = answer->outcome;
      exchange.answer = std::move(answer->value);
    }
  } else {
    const bool never_connected = rpc.state() == JsonRpcClient::State::kWaiting;
    exchange.outcome =
        wait == LiveRun::Wait::kExited || never_connected ? Outcome::kGone : Outcome::kNoAnswer;
    rpc.Forget(asked.id);
  }
  return exchange;
}

std::string StepRunner::DroppedClient(RpcExchange::Outcome outcome, const std::string& connection) {
  if (run_.request().scenario.tolerance != Tolerance::kMayFailCleanly || run_.exited()) {
    return "";
  }
  const FailedCalls& failed = run_.failed_calls();
  const std::string point =
      outcome == Outcome::kGone ? failed.AnyFailure(index_) : failed.LostChannel(0);
  if (point.empty() || !run_.ServesAnotherClient()) {
    return "";
  }
  run_.DropRpc(connection);
  return point;
}

StepOutcome StepRunner::SaveFrom(const nlohmann::json& answer, const Save& save) {
  for (const auto& [name, path] : save) {
    const nlohmann::json* value = FindAt(answer, path);
    if (value == nullptr) {
      return {Status::kUnmet,
              fmt::format("`save`: the answer has nothing at `{}` for ${{{}}}", path, name)};
    }
    run_.sandbox().Save(name, *value);
  }
  return {};
}

StepOutcome StepRunner::Conclude(RpcExchange exchange, const std::vector<RpcExpectation>& written,
                                 const Save& save, const std::string& connection) {
  if (exchange.outcome == Outcome::kGone && run_.TakeDropped()) {
    return {Status::kSkipped, "a fault dropped the connection before the answer"};
  }
  if (exchange.outcome == Outcome::kGone) {
    run_.WaitForExit(kGoneGraceMs);
  }
  const std::vector<RpcExpectation> expect =
      ExpandForRun(written, run_.sandbox().variables(), run_.sandbox().saved());
  const bool met = MeetsAny(exchange, expect);
  may_be_asked_ |= exchange.method == run_.request().profile.stop_rpc.method;
  if (const std::string point =
          met || !IsUnanswered(exchange) ? "" : DroppedClient(exchange.outcome, connection);
      !point.empty()) {
    exchange.client_dropped = true;
    exchange.outcome = Outcome::kGone;
    run_.evidence().rpcs.push_back(std::move(exchange));
    return {Status::kSkipped,
            fmt::format("client dropped: the failed {} lost the connection before the answer; the "
                        "target serves another client",
                        point)};
  }
  const std::string detail = DescribeUnmet(exchange, expect);
  run_.evidence().rpcs.push_back(exchange);
  if (met) {
    gone_accepted_ |= exchange.outcome == Outcome::kGone;
    return exchange.outcome == Outcome::kResult ? SaveFrom(exchange.answer, save) : StepOutcome{};
  }
  if (exchange.outcome == Outcome::kNoAnswer) {
    return TimedOut();
  }
  if (exchange.outcome == Outcome::kGone && run_.exited()) {
    return Gone("before it answered");
  }
  return {Status::kUnmet, detail};
}

StepOutcome StepRunner::Poll(const RpcStep& step) {
  const Deadline deadline = InMs(LimitMs());
  int64_t pause_ms = kFirstPauseMs;
  for (int asked = 1;; ++asked) {
    RpcExchange exchange = Await(Ask(step, step.connection), step.until);
    const std::vector<RpcExpectation> until =
        ExpandForRun(step.until, run_.sandbox().variables(), run_.sandbox().saved());
    if (MeetsAny(exchange, until) || IsUnanswered(exchange)) {
      return Conclude(std::move(exchange), step.until, step.save, step.connection);
    }
    if (Clock::now() >= deadline) {
      const std::string detail = fmt::format("{} within {} ms; it was asked {} times",
                                             DescribeUnmet(exchange, until), LimitMs(), asked);
      run_.evidence().rpcs.push_back(std::move(exchange));
      return {Status::kUnmet, detail};
    }
    run_.loop().RunUntil([this] { return run_.exited(); },
                         std::min<Deadline>(deadline, InMs(pause_ms)));
    pause_ms = std::min(2 * pause_ms, kLongestPauseMs);
  }
}

StepOutcome StepRunner::operator()(const RpcStep& step) {
  if (run_.exited()) {
    return AlreadyGone();
  }
  if (step.no_wait) {
    LiveRun::Unanswered asked = Ask(step, step.connection);
    if (step_->name.empty()) {
      asked.client->Forget(asked.id);  // no step can ask for it
    } else {
      run_.unanswered()[step_->name] = std::move(asked);
    }
    return {};
  }
  if (!step.until.empty()) {
    return Poll(step);
  }
  return Conclude(Await(Ask(step, step.connection), step.expect), step.expect, step.save,
                  step.connection);
}

StepOutcome StepRunner::operator()(const PipelineStep& step) {
  if (run_.exited()) {
    return AlreadyGone();
  }
  std::vector<JsonRpcClient::Request> requests;
  for (const RpcStep& request : step.requests) {
    requests.push_back({request.method, ExpandJsonForRun(request.params, run_.sandbox().variables(),
                                                         run_.sandbox().saved())});
  }
  const int64_t begin_ms = run_.now_ms();
  const std::shared_ptr<JsonRpcClient> client = run_.rpc(step.connection);
  run_.TakeDropped();
  const std::vector<uint64_t> ids = client->SendTogether(requests);
  StepOutcome worst;
  for (size_t i = 0; i < ids.size(); ++i) {
    const RpcStep& request = step.requests[i];
    RpcExchange exchange =
        Await({client, ids[i], requests[i].method, requests[i].params, begin_ms}, request.expect);
    StepOutcome outcome =
        Conclude(std::move(exchange), request.expect, request.save, step.connection);
    if (worst.status == Status::kDone && outcome.status != Status::kDone) {
      outcome.detail = fmt::format("request {} ({}): {}", i + 1, request.method, outcome.detail);
      worst = std::move(outcome);
    }
    if (worst.status == Status::kTimedOut || worst.status == Status::kTargetGone) {
      break;  // the others would only wait as long again
    }
  }
  return worst;
}

StepOutcome StepRunner::operator()(const RawStep& step) {
  if (run_.exited()) {
    return AlreadyGone();
  }
  LiveRun::Unanswered asked{run_.rpc(step.connection), 0, kRaw, nullptr, run_.now_ms()};
  run_.TakeDropped();
  asked.id = asked.client->SendRaw(Expand(step.bytes));
  if (!step.expect.empty()) {
    return Conclude(Await(asked, step.expect), step.expect, step.save, step.connection);
  }
  const LiveRun::Wait connected = Wait("the connection to the target's RPC socket", [&] {
    return asked.client->state() != JsonRpcClient::State::kWaiting;
  });
  if (step_->name.empty()) {
    asked.client->Forget(asked.id);
  } else {
    run_.unanswered()[step_->name] = std::move(asked);
  }
  return connected == LiveRun::Wait::kTimedOut ? TimedOut() : StepOutcome{};
}

StepOutcome StepRunner::operator()(const AnswerStep& step) {
  const auto found = run_.unanswered().find(step.step);
  if (found == run_.unanswered().end()) {
    return run_.exited() ? AlreadyGone()
                         : StepOutcome{Status::kSkipped, "step `" + step.step + "` was not done"};
  }
  const LiveRun::Unanswered asked = found->second;
  run_.unanswered().erase(found);
  return Conclude(Await(asked, step.expect), step.expect, step.save, "");
}

StepOutcome StepRunner::operator()(const DisconnectStep& step) {
  return run_.DropRpc(step.connection)
             ? StepOutcome{}
             : StepOutcome{Status::kSkipped, "no such connection is open"};
}

}  // namespace faultline
