// Who runs when: places and threads.
#include <gmock/gmock.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <latch>
#include <set>
#include <thread>

#include "harness/base/testing/temporary_directory.h"
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

TEST(Slots, ASlowRunGivesItsPlaceAwayWhileACpuIsIdle) {
  Slots slots(1, 10ms, [] { return 1.0; });
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

// A hung target that spins, say. `asked`: the second run had its chances to begin, or did.
TEST(Slots, ASlowRunKeepsItsPlaceWhileNoCpuIsIdle) {
  for (const std::optional<double> idle : {std::optional(0.3), std::optional<double>()}) {
    std::latch asked(3);
    std::atomic<int> times = 0;
    Slots slots(1, 10ms, [&] {
      if (times++ < 3) {
        asked.count_down();
      }
      return idle;
    });
    std::atomic<int> running = 0;
    std::atomic<int> most = 0;
    std::jthread slow([&] {
      const Slots::Place place(slots, false);
      most = std::max<int>(most, ++running);
      asked.wait();
      --running;
    });
    while (running == 0) {
      std::this_thread::yield();
    }
    std::jthread other([&] {
      const Slots::Place place(slots, false);
      most = std::max<int>(most, ++running);
      while (!asked.try_wait()) {
        asked.count_down();
      }
    });
    slow.join();
    other.join();
    EXPECT_EQ(most, 1);
  }
}

TEST(IdleCpus, AreCountedOverAShortTimeOnly) {
  const testkit::TemporaryDirectory directory;
  const std::filesystem::path stat = directory.path() / "stat";
  cpu_set_t ours;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(ours), &ours), 0);
  size_t mine = 0;
  while (CPU_ISSET(mine, &ours) == 0) {
    ++mine;
  }
  const int64_t ticks_per_second = ::sysconf(_SC_CLK_TCK);
  const auto write = [&](int64_t idle_ticks) {
    std::ofstream(stat) << "cpu  900 0 900 99999 0 0 0\n"
                        << "cpu" << mine << " 500 0 500 " << idle_ticks << " 7 0 0\n"
                        << "cpu100000 1 1 1 " << 90 * idle_ticks << " 0 0 0\n"
                        << "intr 5\n";
  };
  const auto begin = IdleCpus::Clock::now();
  IdleCpus cpus(stat);
  write(1'000);
  EXPECT_FALSE(cpus.Measure(begin)) << "since when?";
  write(1'000 + ticks_per_second / 4);
  EXPECT_FALSE(cpus.Measure(begin + 50ms)) << "too soon, and does not count";
  EXPECT_NEAR(cpus.Measure(begin + 500ms).value_or(-1), 0.5, 1e-6);
  EXPECT_NEAR(cpus.Measure(begin + 700ms).value_or(-1), 0, 1e-6);
  write(1'000 + 9 * ticks_per_second);
  EXPECT_FALSE(cpus.Measure(begin + 10s)) << "what was long ago says nothing of now";
  EXPECT_TRUE(cpus.Measure(begin + 10s + 100ms));
  std::filesystem::remove(stat);
  EXPECT_FALSE(cpus.Measure(begin + 11s));
}

TEST(IdleCpus, AreReadFromTheKernel) {
  IdleCpus cpus;
  const auto begin = IdleCpus::Clock::now();
  cpus.Measure(begin);
  EXPECT_GE(cpus.Measure(begin + 500ms).value_or(-1), 0);
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
