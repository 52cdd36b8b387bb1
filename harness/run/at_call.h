#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/run/executor.h"
#include "harness/target/json_rpc_client.h"

namespace faultline {

class LiveRun;

// What the harness itself does at a call of the target that a fault has hit, while the thread that
// makes the call waits: it sends a request over a connection of its own, or closes the run's. One
// thread.
class AtCall {
 public:
  // Both are borrowed; `run` may still be under construction.
  AtCall(const RunRequest& request, LiveRun& run) : request_(request), run_(run) {}

  // Some fault needs it.
  bool wanted() const;
  // A thread of the target waits: does what the faults say that have hit a call since the last
  // time.
  void Serve();
  // True when the run's connection was closed since the last call.
  bool TakeDropped();
  // Waits for the answers that are still to come, each up to the limit of an RPC from its sending,
  // and puts all exchanges into the run's evidence. To be called once, before the target is
  // stopped.
  void AwaitAnswers();
  // A fault has asked the target to stop: its signal was sent, or its request answered.
  bool AskedToStop() const;

 private:
  struct Sent {
    std::unique_ptr<JsonRpcClient> client;
    uint64_t id = 0;
    const Fault* fault = nullptr;
    RpcExchange exchange;
    WaitAccount wait;
    int64_t begin_ms = 0;
    bool answered = false;
  };

  void Do(const Fault& fault);
  void Await(Sent& sent);
  bool WasHit(const Fault& fault) const;

  const RunRequest& request_;
  LiveRun& run_;
  std::map<std::string, uint64_t> served_;  // hits by fault
  std::vector<Sent> sent_;
  bool dropped_ = false;
};

}  // namespace faultline
