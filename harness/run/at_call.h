#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/run/executor.h"
#include "harness/target/clock.h"
#include "harness/target/json_rpc_client.h"

namespace faultline {

class LiveRun;

// What the harness itself does at a call of the target that a fault has hit, while the thread that
// makes the call waits: it sends a request over a connection of its own, closes the run's, does
// steps, or keeps the thread waiting for a time or until a later step. One thread.
class AtCall {
 public:
  // Both are borrowed; `run` may still be under construction.
  AtCall(const RunRequest& request, LiveRun& run);
  ~AtCall();
  AtCall(const AtCall&) = delete;
  AtCall& operator=(const AtCall&) = delete;

  // Some fault needs it.
  bool wanted() const;
  // Readable when a delay is over: then Serve().
  int timer_fd() const { return timer_.get(); }
  // A thread of the target waits, or a delay is over: does what the faults say that have hit a call
  // since the last time, and lets all threads go on that need not wait any longer.
  void Serve();
  // Lets the threads go on that wait for this step, and those that would wait for it from now on;
  // "" = all that wait or would.
  void Release(const std::string& step);
  // The faults by which threads of the target wait now, for messages; "" = none.
  std::string Holding() const;
  // True when the run's connection was closed since the last call.
  bool TakeDropped();
  // Waits for the answers that are still to come, each up to the limit of an RPC from its sending,
  // and puts all exchanges into the run's evidence, each once. To be called before the target is
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
    bool awaited = false;  // and told in the evidence
  };
  struct Held {
    const Fault* fault = nullptr;
    Deadline until = kNoDeadline;  // of a delay
  };

  void ServeNewHits();
  void Do(const Fault& fault, pid_t tid);
  void Send(const Fault& fault);
  void DoSteps(const Fault& fault);
  void Resume(std::set<pid_t> threads);  // those of them that are not held
  void SetTimer();
  void Await(Sent& sent);
  bool WasHit(const Fault& fault) const;

  const RunRequest& request_;
  LiveRun& run_;
  UniqueFd timer_;
  uint64_t position_ = 0;        // records of the journal up to here have been seen
  std::map<pid_t, Held> held_;   // threads that wait on purpose
  std::set<std::string> begun_;  // what Release was called for
  std::vector<Sent> sent_;
  bool dropped_ = false;
};

}  // namespace faultline
