#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "harness/sweep/workers.h"

namespace faultline::testkit {

// Workers by whose clock a run takes what its result says (run.duration_ms) and all else no time.
// The same requests go the same way each time, however busy the machine is.
class FakeWorkers : public Workers {
 public:
  using Make = std::function<RunResult(const SweepContext& context, const QueueRequest& request)>;

  explicit FakeWorkers(Make make) : make_(std::move(make)) {}

  Clock::time_point Now() const override { return now_; }
  std::optional<double> MeasureIdleCpus() override {
    ++idle_measured_;
    return idle_cpus_;
  }
  int UsableCpus() const override { return 1; }
  void Start(int id, const SweepContext& context, const QueueRequest& request) override {
    RunResult result = make_(context, request);
    const Clock::time_point end = now_ + std::chrono::milliseconds(result.run.duration_ms);
    running_.push_back({end, {id, std::move(result)}});
    most_at_a_time_ = std::max(most_at_a_time_, running_.size());
  }
  std::optional<Done> Wait(Clock::time_point until) override {
    const auto next = std::min_element(running_.begin(), running_.end(),
                                       [](const auto& a, const auto& b) { return a.end < b.end; });
    if (next->end > until) {
      now_ = until;
      return std::nullopt;
    }
    now_ = next->end;
    Done done = std::move(next->done);
    running_.erase(next);
    return done;
  }

  void set_idle_cpus(std::optional<double> cpus) { idle_cpus_ = cpus; }
  int idle_measured() const { return idle_measured_; }
  size_t running() const { return running_.size(); }
  size_t most_at_a_time() const { return most_at_a_time_; }
  void ForgetMost() { most_at_a_time_ = 0; }

 private:
  struct Running {
    Clock::time_point end;
    Done done;
  };

  Make make_;
  Clock::time_point now_{};
  std::optional<double> idle_cpus_;
  int idle_measured_ = 0;
  std::vector<Running> running_;
  size_t most_at_a_time_ = 0;
};

}  // namespace faultline::testkit
