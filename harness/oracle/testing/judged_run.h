#pragma once

#include <gmock/gmock.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "harness/evidence/testing/observed_run.h"
#include "harness/oracle/oracle.h"

namespace faultline::testkit {

// A run of an SPDK-like target as its evidence tells it, for oracle tests. It begins as the
// founding scenario gone well: ready, an RPC answered, SIGTERM, exit 0. Tests spoil what they are
// about.
class JudgedRun : public ObservedRun {
 public:
  JudgedRun() {
    Add(WaitReadyStep{}, "wait until ready");
    RpcStep rpc;
    rpc.method = "framework_start_init";
    Add(rpc, "rpc framework_start_init");
    Add(SignalStep{SIGTERM}, "signal SIGTERM");
    Add(WaitExitStep{}, "wait for the exit");
    evidence.asked_to_stop = true;
    evidence.stop_limit_ms = 2000;
    evidence.stop_ms = 30;
    evidence.exit = {ExitStatus::Kind::kExited, 0};
    evidence.rpcs.push_back({.step = 2,
                             .method = rpc.method,
                             .params = nullptr,
                             .outcome = RpcExchange::Outcome::kResult,
                             .answer = true,
                             .duration_ms = 10});
    evidence.journal.target_pid = 100;
    profile.log_patterns.push_back({.kind = "io-device-missing",
                                    .pattern = "io_device (0x[0-9a-f]+) not found",
                                    .note = "",
                                    .position = {}});
  }

  void Add(decltype(Step::action) action, const std::string& title) {
    Step& added = scenario.steps.emplace_back();
    added.action = std::move(action);
    StepResult& result = evidence.steps.emplace_back();
    result.index = static_cast<int>(scenario.steps.size());
    result.title = title;
    result.limit_ms = 1000;
  }
  void Say(const std::string& text, int at_step = 3) {
    evidence.log.push_back({.time_ms = 1, .step = at_step, .text = text});
  }
  StepResult& result(int index) { return evidence.steps.at(static_cast<size_t>(index) - 1); }

  // The target dies of `signal` with `frames`, innermost first, as the stack of its main thread.
  void Die(int signal, const Stack& frames = {}) {
    evidence.exit = {ExitStatus::Kind::kSignaled, signal};
    if (!frames.empty()) {
      evidence.threads.push_back(
          {.tid = 100, .name = "reactor_0", .frames = frames, .crashed = true});
    }
  }
  // The target does not end after SIGTERM.
  void HangAtStop(const Stack& frames = {}) {
    evidence.exit = {ExitStatus::Kind::kKilledByUs};
    evidence.stop_ms = 2001;
    result(4).status = StepResult::Status::kTimedOut;
    result(4).begin_ms = 1000;
    result(4).duration_ms = 2001;
    result(4).wait = {.for_what = "the target to end",
                      .limit_ms = 2000,
                      .most_ms = 15'000,
                      .took_ms = 2001,
                      .ran_ms = 1900,
                      .waited_ms = 3};
    evidence.threads.push_back(
        {.tid = 100, .name = "reactor_0", .frames = frames, .crashed = false});
  }

  std::vector<Finding> Judge() const {
    return faultline::Judge(evidence, {scenario, profile, catalogue, fault_free, is_fault_free});
  }

  Scenario scenario;
  Profile profile;
  const FaultFreeRun* fault_free = nullptr;
  bool is_fault_free = false;
};

inline Frame At(const std::string& function, const std::string& file,
                const std::string& module = "target") {
  return {function, file, 10, module, 0x10};
}

MATCHER_P(IsKind, kind, "") { return arg.kind == kind; }

}  // namespace faultline::testkit
