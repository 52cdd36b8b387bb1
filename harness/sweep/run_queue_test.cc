#include "harness/sweep/run_queue.h"

#include <gmock/gmock.h>

#include <csignal>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/base/failure.h"
#include "harness/sweep/testing/fake_workers.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Purpose = QueueRequest::Purpose;
using Status = RunResult::Status;

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
  testkit::FakeWorkers workers_;
  std::vector<std::string> begun_;  // keys
  std::map<std::string, RunResult> results_;
};

TEST_F(RunQueueTest, RunsEachOnceAndAtMostSoManyAtATime) {
  RunQueue queue = Queue(3);
  RunEach(queue, Keys(20));
  EXPECT_EQ(begun_, Keys(20));
  EXPECT_EQ(workers_.most_at_a_time(), 3u);
  EXPECT_EQ(workers_.Now().time_since_epoch(), 7 * 100ms);
}

TEST_F(RunQueueTest, ATaskGoesOnWhereItsResultIsDue) {
  RunQueue queue = Queue(1);
  std::vector<std::string> seen;
  queue.RunOne([&](RunQueue::Runner& runner) {
    for (const char* key : {"a", "b"}) {
      seen.push_back(runner.Run(Ask(key)).made() ? key : "none");
    }
  });
  EXPECT_THAT(seen, ElementsAre("a", "b"));
}

TEST_F(RunQueueTest, EarlierTasksGoFirst) {
  RunQueue queue = Queue(1);
  int tasks = 0;
  queue.RunAll([&]() -> RunQueue::Task {
    if (tasks == 2) {
      return {};
    }
    return [&, name = std::string(1, static_cast<char>('a' + tasks++))](RunQueue::Runner& runner) {
      for (const char* run : {"1", "2"}) {
        runner.Run(Ask(name + run));
      }
    };
  });
  EXPECT_THAT(begun_, ElementsAre("a1", "a2", "b1", "b2"));
}

TEST_F(RunQueueTest, WhoAsksToBeAloneWaitsForTheOthersAndIs) {
  RunQueue queue = Queue(4);
  std::vector<size_t> beside;  // the alone ones
  behaviour_ = [&](const QueueRequest& request, RunResult&) {
    if (request.alone) {
      beside.push_back(workers_.running());
    }
  };
  RunEach(queue, {"d", "1", "c", "2", "3"},
          [&](const std::string& key) { return Ask(key, key == "c" || key == "d"); });
  EXPECT_THAT(begun_, ElementsAre("1", "2", "3", "c", "d")) << "alone ones in order of label";
  EXPECT_THAT(beside, ElementsAre(0u, 0u));
}

// The first run takes an hour, all others a tenth of a second.
TEST_F(RunQueueTest, ASlowRunGivesItsPlaceAwayWhileACpuIsIdle) {
  RunQueue queue = Queue(1);
  behaviour_ = [](const QueueRequest& request, RunResult& result) {
    result.run.duration_ms = request.label() == "100" ? 3'600'000 : kRunMs;
  };
  workers_.set_idle_cpus(1.0);
  RunEach(queue, Keys(10));
  EXPECT_EQ(workers_.most_at_a_time(), 2u);
  EXPECT_EQ(workers_.Now().time_since_epoch(), 1h) << "the others ran beside it";
}

// A hung target that spins, say.
TEST_F(RunQueueTest, ASlowRunKeepsItsPlaceWhileNoCpuIsIdle) {
  for (const std::optional<double> idle : {std::optional(0.3), std::optional<double>()}) {
    RunQueue queue = Queue(1);
    behaviour_ = [](const QueueRequest&, RunResult& result) { result.run.duration_ms = 5'000; };
    workers_.set_idle_cpus(idle);
    RunEach(queue, Keys(3));
    EXPECT_EQ(workers_.most_at_a_time(), 1u);
    EXPECT_GT(workers_.idle_measured(), 0);
  }
}

TEST_F(RunQueueTest, WhereAllRunsTakeLongNoneIsSlow) {
  RunQueue queue = Queue(1);
  behaviour_ = [](const QueueRequest&, RunResult& result) { result.run.duration_ms = 2'000; };
  RunEach(queue, Keys(20));
  EXPECT_GT(queue.SlowAfter(), 3s);
}

TEST_F(RunQueueTest, AHangIsTriedWithFullTimeoutsAndThenAloneIfItWasStarved) {
  RunQueue queue = Queue(2);
  std::vector<std::pair<Timeout, bool>> tried;
  behaviour_ = [&](const QueueRequest& request, RunResult& result) {
    tried.emplace_back(request.timeout, request.alone);
    result.hung = result.starved = !request.alone;
  };
  RunEach(queue, {"a"});
  EXPECT_THAT(tried,
              ElementsAre(std::pair(Timeout::kBrief, false), std::pair(Timeout::kFull, false),
                          std::pair(Timeout::kFull, true)));
  EXPECT_TRUE(results_["a"].made());
  EXPECT_THAT(results_["a"].run.note, testing::HasSubstr("not alone"));
}

TEST_F(RunQueueTest, WhatAnotherRunHasProvenMeanwhileIsNotRunAgain) {
  RunQueue queue = Queue(2);
  bool proven = false;
  int alone = 0;
  behaviour_ = [&](const QueueRequest& request, RunResult& result) {
    result.hung = true;
    result.starved = !request.alone;
    alone += request.alone ? 1 : 0;
    proven = proven || request.alone;
  };
  RunEach(queue, Keys(5), [&](const std::string& key) {
    QueueRequest request = Ask(key);
    request.proof_of = [&](const RunResult&) {
      return proven ? HangProof::kAlone : HangProof::kNone;
    };
    return request;
  });
  EXPECT_EQ(alone, 1);
  for (const auto& [key, result] : results_) {
    EXPECT_TRUE(result.made() && result.hung) << key;
  }
}

TEST_F(RunQueueTest, WhatOneRunShowedIsNotSaidOfTheNext) {
  RunQueue queue = Queue(1);
  behaviour_ = [](const QueueRequest& request, RunResult& result) {
    result.hung = result.starved = request.label() == "a";
  };
  queue.RunOne([&](RunQueue::Runner& runner) {
    QueueRequest request = Ask("a");
    request.proof_of = [](const RunResult&) { return HangProof::kAlone; };
    EXPECT_TRUE(runner.Run(request).hung);
    EXPECT_EQ(runner.Run(Ask("b", /*alone=*/true)).run.note, "");
  });
}

TEST_F(RunQueueTest, AHangThatStarvesEvenAloneIsNotJudged) {
  RunQueue queue = Queue(2);
  behaviour_ = [](const QueueRequest&, RunResult& result) { result.hung = result.starved = true; };
  RunEach(queue, {"a"});
  EXPECT_EQ(results_["a"].status, Status::kTooBusy);
  EXPECT_THAT(queue.too_busy(), ElementsAre("a"));
}

TEST_F(RunQueueTest, ARunThatCannotBeMadeIsTriedOnceMoreAndElseGetsNoVerdict) {
  RunQueue queue = Queue(2);
  int failures = 1;
  behaviour_ = [&](const QueueRequest& request, RunResult& result) {
    if (request.label() == "a" && failures-- > 0) {
      result.failure = std::make_exception_ptr(Failure::CannotWork("no hugepages"));
      result.why = "no hugepages";
    }
  };
  RunEach(queue, {"a", "b"});
  EXPECT_TRUE(results_["a"].made());
  EXPECT_THAT(begun_, ElementsAre("a", "b", "a"));
  failures = 2;
  RunEach(queue, {"a"});
  EXPECT_EQ(results_["a"].status, Status::kNoVerdict);
  EXPECT_THAT(queue.no_verdicts(), ElementsAre("a: no hugepages"));
}

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

// The first task decides while others wait for what it finds out.
TEST_F(RunQueueTest, WhoHasNoTaskForNowIsAskedAgain) {
  RunQueue queue = Queue(2);
  bool decided = false;
  int asked = 0;
  int next = 0;
  queue.RunAll([&]() -> RunQueue::Task {
    ++asked;
    if (next == 3 || (next > 0 && !decided)) {
      return {};
    }
    return [&, key = std::to_string(next++)](RunQueue::Runner& runner) {
      runner.Run(Ask(key));
      decided = true;
    };
  });
  EXPECT_THAT(begun_, ElementsAre("0", "1", "2"));
  EXPECT_EQ(workers_.Now().time_since_epoch(), 200ms);
  EXPECT_LT(asked, 10);
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

TEST_F(RunQueueTest, AnInterruptionEndsItAndAllTasksAreTold) {
  RunQueue queue = Queue(2);
  behaviour_ = [](const QueueRequest& request, RunResult& result) {
    if (request.label() == "102") {
      result.interrupted = SIGTERM;
      result.run.duration_ms = 3 * kRunMs;  // when no other goes on, which would get the signal
    }
  };
  queue.RunAll([&, task = 0]() mutable -> RunQueue::Task {
    if (task == 3) {
      return {};
    }
    return [&, key = std::to_string(100 + task++)](RunQueue::Runner& runner) {
      results_[key] = runner.Run(Ask(key));
      if (key == "101") {
        results_["alone"] = runner.Run(Ask("alone", /*alone=*/true));
      }
    };
  });
  EXPECT_EQ(queue.interrupted(), SIGTERM);
  EXPECT_EQ(results_["102"].status, Status::kCancelled);
  EXPECT_EQ(results_["alone"].status, Status::kCancelled);
  EXPECT_THAT(begun_, ElementsAre("100", "101", "102"));
}

TEST_F(RunQueueTest, WhatATaskThrowsEndsTheOthersAndIsThrown) {
  RunQueue queue = Queue(2);
  int cancelled = 0;
  int tasks = 0;
  const auto next = [&]() -> RunQueue::Task {
    return [&, task = tasks++](RunQueue::Runner& runner) {
      runner.Run(Ask("a"));
      if (task == 3) {
        throw Failure::CannotWork("the disk is full");
      }
      if (task == 4) {
        cancelled += runner.Run(Ask("b")).status == Status::kCancelled ? 1 : 0;
      }
    };
  };
  EXPECT_THROW(queue.RunAll(next), Failure);
  EXPECT_EQ(tasks, 5) << "nothing new is begun";
  EXPECT_EQ(cancelled, 1);
  EXPECT_EQ(workers_.running(), 0u);
}

TEST_F(RunQueueTest, AnErrorOfAWorkerIsThrown) {
  RunQueue queue = Queue(1);
  behaviour_ = [](const QueueRequest&, RunResult& result) {
    result.error = std::make_exception_ptr(std::runtime_error("a bug"));
  };
  EXPECT_THROW(RunEach(queue, Keys(3)), std::runtime_error);
  EXPECT_EQ(begun_.size(), 1u);
}

}  // namespace
}  // namespace faultline
