#include "harness/run/snapshot_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "harness/run/snapshot_steps.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;

TEST(MemoryBudget, AForkWaitsUntilThereIsMemoryForIt) {
  MemoryBudget budget(100);
  std::mutex mutex;
  std::vector<std::string> happened;
  const auto note = [&](const char* what) {
    const std::lock_guard lock(mutex);
    happened.emplace_back(what);
  };
  std::optional<MemoryBudget::Share> first(std::in_place, budget, 60);
  std::thread second([&] {
    const MemoryBudget::Share share(budget, 50);
    note("second");
  });
  note("first ends");
  first.reset();
  second.join();
  EXPECT_THAT(happened, ElementsAre("first ends", "second"));
}

TEST(MemoryBudget, CtrlCEndsTheWait) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    Interruption interruption;
    MemoryBudget budget(100);
    const MemoryBudget::Share all(budget, 100);
    kill(getpid(), SIGINT);
    try {
      const MemoryBudget::Share more(budget, 1, &interruption);
    } catch (const Interrupted&) {
      _exit(7);
    }
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(MemoryBudget, WhatIsMoreThanAllIsRefusedByName) {
  MemoryBudget budget(100);
  EXPECT_THROW(MemoryBudget::Share(budget, 101), CannotCarry);
  const MemoryBudget::Share all(budget, 100);
}

TEST(WritableMb, CountsWhatAForkMayCopy) {
  Mapping code = {.begin = 0, .end = 64u << 20, .protection = PROT_READ | PROT_EXEC, .path = ""};
  Mapping data = {.begin = 0, .end = 8u << 20, .protection = PROT_READ | PROT_WRITE, .path = ""};
  Mapping shared = data;
  shared.shared = true;
  EXPECT_EQ(WritableMb({code, data, shared, data}), 16);
  Mapping sanitizers = data;
  sanitizers.end = uint64_t{1} << 44;
  EXPECT_EQ(WritableMb({code, data, sanitizers, data}), 18);
}

// One that waits for a CPU for that long, or sleeps, keeps what it has.
TEST(LateNice, ATargetThatSpinsForLongLeavesTheCpusToOthers) {
  constexpr int64_t kAfterMs = 50;
  const auto start = [](bool spins) {
    const pid_t child = fork();
    while (child == 0) {
      spins ? static_cast<void>(getppid()) : static_cast<void>(pause());
    }
    return child;
  };
  const pid_t spinning = start(true);
  const pid_t sleeping = start(false);
  EventLoop loop;
  const LateNice of_spinning(loop, spinning, kAfterMs);
  const LateNice of_sleeping(loop, sleeping, kAfterMs);
  const auto nice = [](pid_t pid) { return getpriority(PRIO_PROCESS, static_cast<id_t>(pid)); };
  EXPECT_TRUE(loop.RunUntil([&] { return nice(spinning) == 10; }, InMs(60'000)));
  EXPECT_EQ(nice(sleeping), nice(0));
  for (const pid_t child : {spinning, sleeping}) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
}

}  // namespace
}  // namespace faultline
