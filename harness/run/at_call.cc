#include "harness/run/at_call.h"

#include <algorithm>
#include <csignal>
#include <optional>
#include <utility>

#include "harness/run/live_run.h"
#include "harness/run/rpc_match.h"

namespace faultline {
namespace {

bool IsForHarness(const Fault& fault) {
  return fault.action == Fault::Action::kRpc || fault.action == Fault::Action::kDropConnection;
}

}  // namespace

bool AtCall::wanted() const {
  return std::any_of(request_.faults.begin(), request_.faults.end(), IsForHarness);
}

void AtCall::Serve() {
  for (const Fault& fault : request_.faults) {
    if (IsForHarness(fault) && run_.hooking().Hits(fault.id) > served_[fault.id]) {
      served_[fault.id] = run_.hooking().Hits(fault.id);
      Do(fault);
    }
  }
}

void AtCall::Do(const Fault& fault) {
  if (fault.action == Fault::Action::kDropConnection) {
    dropped_ |= run_.DropRpc();
    return;
  }
  Sent sent;
  sent.client = std::make_unique<JsonRpcClient>(run_.sandbox().rpc_socket());
  sent.fault = &fault;
  sent.begin_ms = run_.now_ms();
  sent.exchange.step = static_cast<int>(run_.evidence().steps.size()) + 1;  // the one going on
  sent.exchange.method = fault.rpc.method;
  sent.exchange.params = ExpandJsonForRun(fault.rpc.params, run_.sandbox().variables());
  sent.exchange.must_fail = MustFail(fault.expect);
  sent.id = sent.client->Send(sent.exchange.method, sent.exchange.params);
  run_.loop().Add(sent.client->fd(), [client = sent.client.get()] { client->OnReadable(); });
  sent_.push_back(std::move(sent));
}

void AtCall::AwaitAnswers() {
  for (Sent& sent : sent_) {
    Await(sent);
    FaultRpc rpc;
    rpc.fault = sent.fault->id;
    rpc.delivered = sent.answered || sent.client->state() != JsonRpcClient::State::kWaiting;
    const std::vector<RpcExpectation> expect =
        ExpandForRun(sent.fault->expect, run_.sandbox().variables());
    if (!MeetsAny(sent.exchange, expect)) {
      rpc.unmet = "expected " + Describe(expect) + ", got " +
                  (rpc.delivered ? Describe(sent.exchange) : "no connection to send it over");
    }
    rpc.exchange = std::move(sent.exchange);
    rpc.wait = std::move(sent.wait);
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
