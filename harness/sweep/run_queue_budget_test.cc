#include <gmock/gmock.h>

#include <chrono>
#include <string>

#include "harness/sweep/run_queue.h"
#include "harness/sweep/testing/run_queue_fixture.h"

// What a run queue spends of a budget, and on what.
namespace faultline {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using Purpose = QueueRequest::Purpose;
using Status = RunResult::Status;
using testkit::RunQueueTest;

TEST_F(RunQueueTest, ABudgetOfRunsCountsRequestsNotRetries) {
  RunQueue queue = Queue(1, {.runs = 3});
  queue.BeginSpending();
  behaviour_ = [](const QueueRequest& request, RunResult& result) {
    result.hung = request.timeout == Timeout::kBrief;
  };
  RunEach(queue, Keys(5));
  EXPECT_THAT(begun_, ElementsAre("100", "100", "101", "101", "102", "102"));
  EXPECT_EQ(queue.runs(), 3);
  EXPECT_EQ(results_["103"].status, Status::kNoBudget);
}

TEST_F(RunQueueTest, VisitsLeaveAShareOfTheBudgetForConfirming) {
  for (const Budget& budget : {Budget{.runs = 20}, Budget{.time_ms = 20 * kRunMs}}) {
    RunQueue queue = Queue(1, budget);
    queue.ExpectDuration(std::chrono::milliseconds(kRunMs));
    queue.BeginSpending();
    queue.KeepForConfirming(3);
    begun_.clear();
    RunEach(queue, Keys(30));
    EXPECT_EQ(begun_.size(), 17u);
    const auto confirm = [this](const std::string& key) {
      QueueRequest request = Ask(key);
      request.purpose = Purpose::kConfirm;
      return request;
    };
    RunEach(queue, Keys(30), confirm);
    EXPECT_EQ(begun_.size(), 20u);
  }
}

TEST_F(RunQueueTest, VisitsGetHalfOfABudgetHoweverMuchIsToBeConfirmed) {
  RunQueue queue = Queue(1, {.runs = 20});
  queue.BeginSpending();
  queue.KeepForConfirming(1'000);
  RunEach(queue, Keys(30));
  EXPECT_EQ(begun_.size(), 10u);
}

TEST_F(RunQueueTest, VisitsLeaveTimeForRunsThatGoOnAlone) {
  RunQueue queue = Queue(1, {.time_ms = 20 * kRunMs});
  queue.ExpectDuration(std::chrono::milliseconds(kRunMs));
  queue.BeginSpending();
  queue.KeepForConfirming(2, 4ms * kRunMs);
  RunEach(queue, Keys(30));
  EXPECT_EQ(begun_.size(), 14u);
}

TEST_F(RunQueueTest, WhatWouldOutlastTheBudgetIsNotBegun) {
  RunQueue queue = Queue(1, {.time_ms = 20 * kRunMs});
  queue.BeginSpending();
  behaviour_ = [](const QueueRequest& request, RunResult& result) {
    result.run.duration_ms = static_cast<int>(request.expected.count());
  };
  RunEach(queue, Keys(9), [this](const std::string& key) {
    QueueRequest request = Ask(key);
    request.purpose = Purpose::kConfirm;
    request.expected = key == "103" ? 1ms * kRunMs : 6ms * kRunMs;
    return request;
  });
  EXPECT_THAT(begun_, ElementsAre("100", "101", "102", "103"));
  EXPECT_EQ(queue.elapsed_ms(), 19 * kRunMs);
}

// A hang that is tried again, with full timeouts and then alone, overran a budget by a minute.
TEST_F(RunQueueTest, AnotherTryOfAHangIsNotBegunOnceTheTimeIsUp) {
  RunQueue queue = Queue(1, {.time_ms = 2 * kRunMs});
  queue.BeginSpending();
  behaviour_ = [](const QueueRequest&, RunResult& result) {
    result.hung = true;
    result.run.duration_ms = 3 * kRunMs;
  };
  RunEach(queue, {"a"});
  EXPECT_THAT(begun_, ElementsAre("a"));
  EXPECT_EQ(results_["a"].status, Status::kNoBudget);
}

TEST_F(RunQueueTest, WhatIsFreeIsRunWhenTheBudgetIsSpent) {
  RunQueue queue = Queue(1, {.runs = 1});
  queue.BeginSpending();
  RunEach(queue, Keys(3), [this](const std::string& key) {
    QueueRequest request = Ask(key);
    request.purpose = Purpose::kCensus;
    return request;
  });
  EXPECT_EQ(begun_.size(), 3u);
  EXPECT_EQ(queue.runs(), 0);
}

}  // namespace
}  // namespace faultline
