// Forked targets: a program whose threads wait in all the ways that programs wait goes on in each
// child as if nothing had been, and the carrier serves one call after the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "harness/run/testing/snapshot_fixture.h"
#include "harness/target/interruption.h"
#include "harness/target/proc_status.h"
#include "harness/target/run_dir.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kCalls;
using ::testing::Not;
using testing::OneRun;
using ::testing::Pair;
using ::testing::SizeIs;
using testing::SnapshotTest;

TEST_F(SnapshotTest, AProgramWithOneThreadGoesOnInEachChild) { FailEach(0); }

TEST_F(SnapshotTest, AProgramWithTenThreadsGoesOnInEachChild) { FailEach(10); }

#ifdef SNAPSHOT_ASAN_VICTIM
// Nobody traces it but LeakSanitizer, at its end.
TEST_F(SnapshotTest, ATargetWithAddressSanitizerIsForkedAndReportsItsLeak) {
  RunRequest request = Request({"10", "forgets"});
  request.program = SNAPSHOT_ASAN_VICTIM;
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(kCalls)) << ::testing::PrintToString(pool_.counts().cold);
  const Evidence well = FailAt(request, calls[0]);
  EXPECT_TRUE(well.from_snapshot) << ::testing::PrintToString(pool_.counts().cold);
  EXPECT_EQ(Log(well).back(), "whole, 1 failed") << ::testing::PrintToString(Log(well));
  const Evidence leaks = FailAt(request, calls[3]);
  EXPECT_TRUE(leaks.from_snapshot) << ::testing::PrintToString(pool_.counts().cold);
  EXPECT_THAT(Log(leaks), Contains(HasSubstr("ERROR: LeakSanitizer: detected memory leaks")));
}
#endif

TEST_F(SnapshotTest, APersistentFaultFailsWhatComesLaterToo) {
  const RunRequest request = Request({"4"});
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(kCalls));
  Fault fault;
  fault.id = "site";
  fault.point = "victim/call";
  fault.site = calls[2].site;
  fault.first = fault.last = calls[2].occurrence;
  Fault later;
  later.id = "later";
  later.point = "victim/call";
  later.last = UINT64_MAX;
  later.after = "site";
  RunRequest with_faults = request;
  with_faults.faults = {fault, later};
  const Evidence evidence = SnapshotExecutor(pool_, nullptr).Execute(with_faults);
  EXPECT_TRUE(evidence.from_snapshot) << ::testing::PrintToString(pool_.counts().cold);
  EXPECT_THAT(evidence.injections, SizeIs(kCalls - 2));
  EXPECT_EQ(Log(evidence).back(), "whole, 4 failed");
}

TEST_F(SnapshotTest, OneCallServesSeveralRuns) {
  const RunRequest request = Request({"4"});
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(kCalls));
  for (int i = 0; i < 3; ++i) {
    const Evidence evidence = FailAt(request, calls[3]);
    EXPECT_TRUE(evidence.from_snapshot);
    EXPECT_EQ(Log(evidence).back(), "whole, 1 failed");
  }
}

TEST_F(SnapshotTest, ANewCarrierServesACallThatTheLastHasPassed) {
  const RunRequest request = Request({"0"});
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(kCalls));
  EXPECT_TRUE(FailAt(request, calls[4]).from_snapshot);
  EXPECT_TRUE(FailAt(request, calls[1]).from_snapshot);
  EXPECT_TRUE(FailAt(request, calls[2]).from_snapshot);
}

// Each would cost as much as the run that it serves.
TEST_F(SnapshotTest, CarriersAreNotMadeForOneForkEach) {
  const RunRequest request = Request({"0"});
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(kCalls));
  bool forked = true;
  for (int i = 0; i < 12 && forked; ++i) {
    forked = FailAt(request, calls[kCalls - 1 - static_cast<size_t>(i) % kCalls]).from_snapshot;
  }
  EXPECT_FALSE(forked);
  EXPECT_THAT(pool_.counts().cold, Contains(Pair(HasSubstr("has passed the call"), OneRun())));
}

TEST_F(SnapshotTest, RunsComeToTheCarrierInTheOrderOfTheirExecutors) {
  const RunRequest request = Request({"0"});
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(kCalls));
  SnapshotExecutor first(pool_, nullptr);
  SnapshotExecutor second(pool_, nullptr);
  bool second_was_forked = false;
  std::thread overtakes(
      [&] { second_was_forked = second.Execute(WithFault(request, calls[4])).from_snapshot; });
  EXPECT_TRUE(first.Execute(WithFault(request, calls[1])).from_snapshot);
  overtakes.join();
  EXPECT_TRUE(second_was_forked);
}

// The second thread of that victim makes its call as soon as it sees the first one held.
TEST_F(SnapshotTest, NoOtherThreadComesByACallWhileOneIsHeld) {
  RunRequest request = Request({"eager"});
  request.program = SNAPSHOT_ORDER_VICTIM;
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(2));
  EXPECT_TRUE(FailAt(request, calls[0]).from_snapshot);
  EXPECT_TRUE(FailAt(request, calls[1]).from_snapshot)
      << ::testing::PrintToString(pool_.counts().cold);
  EXPECT_EQ(pool_.counts().carriers, 1);
}

// Two calls of that victim change places in a carrier that was held once.
TEST_F(SnapshotTest, ACallThatCameBeforeItsTurnIsNamedAndTheCarrierServesTheOthers) {
  RunRequest request = Request({"turns", cache_.path() / "marker"});
  request.program = SNAPSHOT_ORDER_VICTIM;
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(4));
  EXPECT_TRUE(FailAt(request, calls[0]).from_snapshot);
  EXPECT_TRUE(FailAt(request, calls[1]).from_snapshot);
  EXPECT_FALSE(FailAt(request, calls[2]).from_snapshot);
  EXPECT_TRUE(FailAt(request, calls[3]).from_snapshot);
  EXPECT_THAT(pool_.counts().cold, ElementsAre(Pair(HasSubstr("before one that"), OneRun())));
  EXPECT_EQ(pool_.counts().carriers, 1);
}

TEST_F(SnapshotTest, CtrlCEndsTheWaitForTheTurn) {
  Interruption interruption;
  SnapshotPool pool(&interruption);
  const RunRequest request = Request({"0"});
  ASSERT_THAT(pool.Order(request), SizeIs(kCalls));
  const RunRequest with_fault = WithFault(request, pool.Order(request).begin()->first);
  const SnapshotExecutor first(pool, &interruption);  // whose turn does not end
  SnapshotExecutor second(pool, &interruption);
  kill(getpid(), SIGTERM);
  EXPECT_THROW(second.Execute(with_fault), Interrupted);
}

// A carrier that does not make a call lives to its end. Whatever has its id would end with it.
TEST_F(SnapshotTest, AChildOutlivesTheCarriersScenario) {
  const RunDirectory runs;
  RunRequest request = Request({"0", "once", cache_.path() / "marker"});
  request.run_root = runs.path();
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(kCalls));
  SnapshotExecutor first(pool_, nullptr);
  SnapshotExecutor second(pool_, nullptr);
  Evidence of_first;
  std::thread lives([&] { of_first = first.Execute(WithFault(request, calls[1])); });
  EXPECT_FALSE(second.Execute(WithFault(request, calls[4])).from_snapshot);
  EXPECT_TRUE(FailAt(request, calls[2]).from_snapshot);  // of a carrier in the place of that one
  lives.join();
  const std::filesystem::directory_iterator left(runs.path());
  EXPECT_EQ(std::distance(begin(left), end(left)), 1) << "more than the carrier has a directory";
  EXPECT_THAT(pool_.counts().cold, Contains(Pair(HasSubstr("did not make the call"), OneRun())));
  EXPECT_TRUE(of_first.from_snapshot);
  EXPECT_EQ(of_first.exit.kind, ExitStatus::Kind::kExited);
}

TEST_F(SnapshotTest, NoProcessAndNoDirectoryIsLeftBehind) {
  const RunDirectory runs;
  // A carrier that is ended where it stands leaves it.
  const std::string left = "/dev/shm/" + runs.path().filename().string() + ".";
  profile_.leftovers = {left + "${pid}"};
  RunRequest request = Request({"10", "leaves=" + left});
  request.run_root = runs.path();
  {
    SnapshotPool pool;
    ASSERT_THAT(pool.Order(request), SizeIs(kCalls));
    Fault fault;
    fault.id = "site";
    fault.point = "victim/call";
    for (const auto& [call, place] : pool.Order(request)) {
      if (place == 2) {
        fault.site = call.site;
        fault.first = fault.last = call.occurrence;
      }
    }
    RunRequest with_fault = request;
    with_fault.faults = {fault};
    EXPECT_TRUE(SnapshotExecutor(pool, nullptr).Execute(with_fault).from_snapshot);
  }
  EXPECT_TRUE(std::filesystem::is_empty(runs.path()));
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    EXPECT_FALSE(entry.path().string().starts_with(left)) << entry.path();
  }
  for (const pid_t pid : AllPids()) {
    if (ReadProcStat(pid).parent == getpid()) {
      EXPECT_THAT(ProcessName(pid), Not(HasSubstr("snapshot"))) << pid;
    }
  }
}

TEST_F(SnapshotTest, WhatConfirmsIsCold) {
  RunRequest request = Request({"0"});
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(kCalls));
  request.provisional = false;
  EXPECT_FALSE(FailAt(request, calls[1]).from_snapshot);
}

}  // namespace
}  // namespace faultline
