#include "harness/sweep/run_queue.h"

#include <gmock/gmock.h>

#include <csignal>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/base/failure.h"
#include "harness/sweep/testing/run_queue_fixture.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Status = RunResult::Status;
using testkit::RunQueueTest;

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

// What is left of a forked target's life is often sleep.
TEST_F(RunQueueTest, ForkedRunsThatLeaveACpuIdleAreJoinedByOthers) {
  for (const auto& [idle, most] : {std::pair(0.8, 8u), std::pair(0.1, 2u)}) {
    workers_.ForgetMost();
    RunQueue queue = Queue(2);
    behaviour_ = [](const QueueRequest&, RunResult& result) { result.from_snapshot = true; };
    workers_.set_idle_cpus(idle);
    RunEach(queue, Keys(40));
    EXPECT_EQ(workers_.most_at_a_time(), most);
  }
}

TEST_F(RunQueueTest, RunsFromTheStartAreNotJoinedByOthers) {
  RunQueue queue = Queue(2);
  workers_.set_idle_cpus(0.8);
  RunEach(queue, Keys(40));
  EXPECT_EQ(workers_.most_at_a_time(), 2u);
}

// As those are that confirm.
TEST_F(RunQueueTest, RunsFromTheStartThatFollowForkedOnesHaveThePlacesOfTheJobsAlone) {
  RunQueue queue = Queue(2);
  behaviour_ = [](const QueueRequest&, RunResult& result) { result.from_snapshot = true; };
  workers_.set_idle_cpus(0.8);
  RunEach(queue, Keys(40));
  workers_.ForgetMost();
  behaviour_ = {};
  RunEach(queue, Keys(40));
  EXPECT_EQ(workers_.most_at_a_time(), 2u);
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
