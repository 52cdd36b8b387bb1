#include "harness/sweep/workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>
#include <stdexcept>

#include "harness/base/failure.h"
#include "harness/target/interruption.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

class WorkingExecutor : public Executor {
 public:
  explicit WorkingExecutor(std::function<void()> work) : work_(std::move(work)) {}
  Evidence Execute(const RunRequest&) override {
    work_();
    return {};
  }

 private:
  const std::function<void()> work_;
};

RunResult MakeOne(const std::function<void()>& work) {
  WorkingExecutor executor(work);
  return MakeRun(SweepContext(), QueueRequest(), executor);
}

TEST(MakeRun, WhatIsThrownIsInTheResult) {
  const RunResult failed = MakeOne([] { throw Failure::CannotWork("no hugepages"); });
  EXPECT_TRUE(failed.failure);
  EXPECT_EQ(failed.why, "no hugepages");
  EXPECT_EQ(MakeOne([] { throw Interrupted(SIGINT); }).interrupted, SIGINT);
  EXPECT_TRUE(MakeOne([] { throw std::runtime_error("a bug"); }).error);
}

// Each run ends only when the other goes on.
TEST(ThreadWorkers, RunsGoOnAtTheSameTime) {
  std::latch both(2);
  std::atomic<int> made = 0;
  ThreadWorkers workers([&] {
    ++made;
    return std::make_unique<WorkingExecutor>([&] { both.arrive_and_wait(); });
  });
  const SweepContext context;
  const QueueRequest request;
  workers.Start(7, context, request);
  workers.Start(8, context, request);
  std::set<int> done;
  for (int i = 0; i < 2; ++i) {
    done.insert(workers.Wait(Workers::Clock::time_point::max())->id);
  }
  EXPECT_EQ(done, (std::set<int>{7, 8}));
  EXPECT_EQ(made, 2);
}

TEST(ThreadWorkers, AWaitEndsAtItsTime) {
  std::latch end(1);
  ThreadWorkers workers([&] { return std::make_unique<WorkingExecutor>([&] { end.wait(); }); });
  const SweepContext context;
  const QueueRequest request;
  workers.Start(1, context, request);
  EXPECT_FALSE(workers.Wait(workers.Now() + 1ms));
  end.count_down();
  EXPECT_TRUE(workers.Wait(Workers::Clock::time_point::max()));
}

}  // namespace
}  // namespace faultline
