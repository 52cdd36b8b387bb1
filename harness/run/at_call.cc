#include "harness/run/at_call.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "harness/run/live_run.h"

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
  sent.method = fault.rpc.method;
  sent.id = sent.client->Send(sent.method,
                              ExpandJsonForRun(fault.rpc.params, run_.sandbox().variables()));
  run_.loop().Add(sent.client->fd(), [client = sent.client.get()] { client->OnReadable(); });
  sent_.push_back(std::move(sent));
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
           return sent.method == request_.profile.stop_rpc.method &&
                  sent.client->HasAnswer(sent.id);
         });
}

}  // namespace faultline
