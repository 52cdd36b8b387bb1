#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/sweep/run_queue.h"
#include "harness/sweep/testing/fake_workers.h"

namespace faultline::testkit {

// Plans by key; what their runs do is said by the test.
class RunQueueTest : public testing::Test {
 protected:
  using Behaviour = std::function<void(const QueueRequest& request, RunResult& result)>;

  RunQueueTest()
      : workers_([this](const SweepContext&, const QueueRequest& request) {
          RunResult result;
          result.run.duration_ms = kRunMs;
          result.timeout = request.timeout;
          result.alone = request.alone;
          begun_.push_back(request.plan->key);
          if (behaviour_) {
            behaviour_(request, result);
          }
          return result;
        }) {}

  static constexpr int kRunMs = 100;

  RunQueue Queue(int jobs, const Budget& budget = {}) { return {context_, workers_, jobs, budget}; }

  const SweepPlan* Plan(const std::string& key) {
    plans_[key].key = key;
    return &plans_[key];
  }

  QueueRequest Ask(const std::string& key, bool alone = false) {
    QueueRequest request;
    request.plan = Plan(key);
    request.alone = alone;
    return request;
  }

  // A task per key, each with one run. What it gets is in results_.
  void RunEach(RunQueue& queue, const std::vector<std::string>& keys,
               const std::function<QueueRequest(const std::string&)>& ask = {}) {
    size_t next = 0;
    queue.RunAll([&]() -> RunQueue::Task {
      if (next == keys.size()) {
        return {};
      }
      return [&, &key = keys[next++]](RunQueue::Runner& runner) {
        results_[key] = runner.Run(ask ? ask(key) : Ask(key));
      };
    });
  }

  static std::vector<std::string> Keys(int count) {
    std::vector<std::string> keys;
    for (int i = 0; i < count; ++i) {
      keys.push_back(std::to_string(100 + i));
    }
    return keys;
  }

  SweepContext context_;
  std::map<std::string, SweepPlan> plans_;
  Behaviour behaviour_;
  FakeWorkers workers_;
  std::vector<std::string> begun_;  // keys
  std::map<std::string, RunResult> results_;
};

}  // namespace faultline::testkit
