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

using testing::ElementsAre;

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
}

TEST(LateNice, ATargetThatStillRunsLeavesTheCpusToOthers) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  EventLoop loop;
  const LateNice late(loop, child, 1);
  const auto is_nice = [&] { return getpriority(PRIO_PROCESS, static_cast<id_t>(child)) == 10; };
  EXPECT_TRUE(loop.RunUntil(is_nice, InMs(10'000)));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace faultline
