#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/run/sandbox.h"
#include "harness/target/event_loop.h"
#include "harness/target/log_watch.h"
#include "harness/target/process.h"

namespace faultline {

// The helper processes of a run. They live in the target's namespaces and outlive its restarts, are
// watched, and are gone with this object. One thread.
class Companions {
 public:
  // Nothing is started yet. `request` and `sandbox` are borrowed.
  Companions(const RunRequest& request, Sandbox& sandbox);
  ~Companions();
  Companions(const Companions&) = delete;
  Companions& operator=(const Companions&) = delete;

  // Starts the ones that no step starts, each once the one before it is ready. Failure (kBadInput)
  // when one is not: without it the run would mean nothing.
  void StartAll(EventLoop& loop);
  // Starts one and waits until it is ready; "" or why it is not. One that is running goes on.
  std::string Start(const std::string& name, EventLoop& loop);
  // SIGTERM, then SIGKILL; "" or what is wrong with how it ended: it had ended before.
  std::string Stop(const std::string& name, EventLoop& loop);

  // Serves their output and ends in `loop` until Detach.
  void Attach(EventLoop& loop);
  void Detach(EventLoop& loop);

  // Those that have ended of their own accord since the last call, and not as their scenario says.
  std::vector<LostCompanion> TakeLost(int step);

 private:
  struct Running {
    const Companion* companion = nullptr;
    std::unique_ptr<Process> process;
    std::unique_ptr<LogWatch> log;
    bool ended_by_itself_told = false;
  };

  void Watch(Running& running, EventLoop& loop);
  void Unwatch(Running& running, EventLoop& loop);
  std::string WaitReady(Running& running, EventLoop& loop);
  bool IsReady(const Running& running) const;

  const RunRequest& request_;
  Sandbox& sandbox_;
  std::map<std::string, Running> running_;  // by name; those that have ended by themselves too
};

}  // namespace faultline
