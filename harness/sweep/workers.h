#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "harness/run/cpus.h"
#include "harness/run/executor.h"
#include "harness/sweep/queue_request.h"

namespace faultline {

using ExecutorFactory = std::function<std::unique_ptr<Executor>()>;

// Executes `request` and judges what it left. Throws nothing: what went wrong is in the result.
RunResult MakeRun(const SweepContext& context, const QueueRequest& request, Executor& executor);

// Who makes a RunQueue's runs, and by which clock. Another way to make runs, as by snapshots of a
// target that has started, is another class of these. The queue calls it from one thread.
class Workers {
 public:
  using Clock = std::chrono::steady_clock;
  struct Done {
    int id = 0;
    RunResult result;
  };

  virtual ~Workers() = default;
  virtual Clock::time_point Now() const = 0;
  // How many CPUs had nothing to do of late, see IdleCpus; nothing when that is not known.
  virtual std::optional<double> MeasureIdleCpus() = 0;
  // How many there are for the runs.
  virtual int UsableCpus() const { return CountClaimedCpus().usable; }
  // Begins a run. `id` is free; `context` and `request` outlive the run.
  virtual void Start(int id, const SweepContext& context, const QueueRequest& request) = 0;
  // The next run that is done; nothing when `until` comes first. Some run goes on.
  virtual std::optional<Done> Wait(Clock::time_point until) = 0;
};

// A thread and an executor per run.
class ThreadWorkers : public Workers {
 public:
  explicit ThreadWorkers(ExecutorFactory make_executor)
      : make_executor_(std::move(make_executor)) {}

  Clock::time_point Now() const override { return Clock::now(); }
  std::optional<double> MeasureIdleCpus() override { return idle_cpus_.Measure(); }
  void Start(int id, const SweepContext& context, const QueueRequest& request) override;
  std::optional<Done> Wait(Clock::time_point until) override;

 private:
  const ExecutorFactory make_executor_;
  IdleCpus idle_cpus_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Done> done_;
  std::map<int, std::jthread> threads_;  // by id; last, for they use all else
};

}  // namespace faultline
