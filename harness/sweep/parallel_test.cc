// Who runs when: places and threads.
#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <set>
#include <thread>

#include "harness/sweep/crew.h"
#include "harness/sweep/slots.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

class NoExecutor : public Executor {
 public:
  Evidence Execute(const RunRequest&) override { return {}; }
};
const ExecutorFactory kNoExecutor = [] { return std::make_unique<NoExecutor>(); };

TEST(Crew, DoesEveryNumberOnce) {
  std::mutex mutex;
  std::multiset<size_t> done;
  ForEachInParallel(100, 4, kNoExecutor, [&](size_t index, Executor&) {
    const std::lock_guard lock(mutex);
    done.insert(index);
  });
  EXPECT_EQ(done.size(), 100u);
  EXPECT_EQ(std::set<size_t>(done.begin(), done.end()).size(), 100u);
}

TEST(Crew, TheFirstExceptionEndsIt) {
  std::atomic<int> begun = 0;
  const auto work = [&](size_t index, Executor&) {
    ++begun;
    if (index == 3) {
      throw std::runtime_error("three");
    }
  };
  EXPECT_THROW(ForEachInParallel(100'000, 2, kNoExecutor, work), std::runtime_error);
  EXPECT_LT(begun, 100'000);
}

TEST(Slots, AtMostSoManyRunAtATime) {
  Slots slots(2, 1h);
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  ForEachInParallel(200, slots.most_threads(), kNoExecutor, [&](size_t, Executor&) {
    const Slots::Place place(slots, false);
    most = std::max<int>(most, ++running);
    std::this_thread::yield();
    --running;
  });
  EXPECT_LE(most, 2);
}

TEST(Slots, ASlowRunGivesItsPlaceAway) {
  Slots slots(1, 10ms);
  std::latch second_ran(1);
  std::jthread slow([&] {
    const Slots::Place place(slots, false);
    second_ran.wait();  // ends only when the other got a place
  });
  std::jthread other([&] {
    const Slots::Place place(slots, false);
    second_ran.count_down();
  });
}

TEST(Slots, WhereAllRunsTakeLongNoneIsSlow) {
  Slots slots(1, 1ms);
  for (int i = 0; i < 20; ++i) {
    const Slots::Place place(slots, false);
    const auto end = Slots::Clock::now() + 20ms;  // what a busy machine makes of every run
    while (Slots::Clock::now() < end) {
      std::this_thread::yield();
    }
  }
  EXPECT_GT(slots.slow_after(), 30ms);
}

TEST(Slots, WhoAsksToBeAloneIs) {
  Slots slots(4, 1h);
  std::atomic<int> running = 0;
  std::atomic<bool> disturbed = false;
  ForEachInParallel(300, slots.most_threads(), kNoExecutor, [&](size_t index, Executor&) {
    const bool alone = index % 10 == 0;
    const Slots::Place place(slots, alone);
    const int others = running++;
    disturbed = disturbed || (alone && others != 0);
    std::this_thread::yield();
    disturbed = disturbed || (alone && running != 1);
    --running;
  });
  EXPECT_FALSE(disturbed);
}

}  // namespace
}  // namespace faultline
