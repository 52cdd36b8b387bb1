// Forked targets: a program whose threads wait in all the ways that programs wait goes on in each
// child as if nothing had been, and what cannot be carried is named.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <thread>

#include "harness/run/snapshot_executor.h"
#include "harness/target/interruption.h"
#include "harness/target/proc_status.h"
#include "harness/target/run_dir.h"

namespace faultline {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

constexpr size_t kCalls = 6;  // of victim_call

// Of those that were made cold for a reason.
testing::Matcher<SnapshotPool::Cold> OneRun() {
  return AllOf(Field(&SnapshotPool::Cold::runs, 1),
               Field(&SnapshotPool::Cold::points, ElementsAre("victim/call")));
}

class SnapshotTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can make snapshots";
    }
    FaultPoint point;
    point.name = "victim/call";
    point.symbols = {"victim_call"};
    point.failure.result = -1;
    catalogue_.points.push_back(point);
    point.name = "library/call";
    point.symbols = {"ns_makecanon"};  // of the library that the victim loads after some calls
    catalogue_.points.push_back(point);
    profile_.ready.kind = ReadyCondition::Kind::kStarted;
    scenario_.steps.push_back({WaitExitStep{{0}}, "", {}, false, {}});
    limits_.stop = 5'000;
  }

  RunRequest Request(const std::vector<std::string>& args) {
    profile_.args = args;
    RunRequest request{scenario_, profile_, catalogue_};
    request.program = SNAPSHOT_VICTIM;
    request.agent = SNAPSHOT_AGENT;
    request.limits_ms = limits_;
    request.cache_dir = cache_.path();
    request.provisional = true;
    return request;
  }

  // The calls that the victim makes, in their order.
  std::vector<SiteCall> Calls(const RunRequest& request) {
    const std::map<SiteCall, size_t>& order = pool_.Order(request);
    std::vector<SiteCall> calls(order.size());
    for (const auto& [call, place] : order) {
      calls[place] = call;
    }
    return calls;
  }

  static RunRequest WithFault(const RunRequest& request, const SiteCall& call) {
    Fault fault;
    fault.id = "site";
    fault.point = "victim/call";
    fault.site = call.site;
    fault.first = fault.last = call.occurrence;
    RunRequest with_fault = request;
    with_fault.faults = {fault};
    return with_fault;
  }

  Evidence FailAt(const RunRequest& request, const SiteCall& call) {
    return SnapshotExecutor(pool_, nullptr).Execute(WithFault(request, call));
  }

  static std::vector<std::string> Log(const Evidence& evidence) {
    std::vector<std::string> lines;
    for (const LogLine& line : evidence.log) {
      lines.push_back(line.text);
    }
    return lines;
  }

  // The kinds of descriptors that it had when it ended: nothing of the harness's may be among them.
  static std::vector<std::string> OpenAtExit(const Evidence& evidence) {
    std::vector<std::string> files;
    for (const protocol::JournalRecord& record : evidence.journal.records) {
      if (record.kind == protocol::JournalRecord::kOpenFile) {
        const std::string what = record.label;
        files.push_back(std::to_string(record.key) + " " + what.substr(0, what.find('[')));
      }
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  // Every call of the victim with so many threads fails once.
  void FailEach(int threads) {
    const RunRequest request = Request({std::to_string(threads)});
    const std::vector<SiteCall> calls = Calls(request);
    ASSERT_THAT(calls, SizeIs(kCalls));
    std::vector<std::string> files;
    for (size_t i = 0; i < kCalls; ++i) {
      const Evidence evidence = FailAt(request, calls[i]);
      EXPECT_TRUE(evidence.from_snapshot) << testing::PrintToString(pool_.counts().cold);
      ASSERT_THAT(evidence.injections, SizeIs(1));
      EXPECT_EQ(evidence.injections[0].occurrence, calls[i].occurrence);
      const std::vector<std::string> log = Log(evidence);
      EXPECT_EQ(log.front(), "begin");
      EXPECT_EQ(log.back(), "whole, 1 failed") << testing::PrintToString(log);
      EXPECT_EQ(evidence.exit.code, 0);
      EXPECT_EQ(evidence.exit.kind, ExitStatus::Kind::kExited);
      EXPECT_THAT(evidence.left_behind, IsEmpty());
      files = OpenAtExit(evidence);
    }
    EXPECT_EQ(pool_.counts().snapshots, kCalls);
    RunRequest cold = request;
    cold.provisional = false;
    EXPECT_EQ(files.size(), OpenAtExit(FailAt(cold, calls[0])).size());
  }

  // A victim that has `what` is forked twice, and the second is as whole as the first.
  void ExpectForked(const std::string& what) {
    const RunRequest request = Request({"0", what});
    const std::vector<SiteCall> calls = Calls(request);
    ASSERT_THAT(calls, SizeIs(kCalls));
    for (const size_t call : {2, 4}) {
      const Evidence evidence = FailAt(request, calls[call]);
      EXPECT_TRUE(evidence.from_snapshot) << testing::PrintToString(pool_.counts().cold);
      EXPECT_EQ(Log(evidence).back(), "whole, 1 failed") << testing::PrintToString(Log(evidence));
    }
  }

  // Why a victim that has `what` is not forked.
  void ExpectCold(const std::string& what, const std::string& why) {
    const RunRequest request = Request({"0", what});
    const std::vector<SiteCall> calls = Calls(request);
    ASSERT_THAT(calls, SizeIs(kCalls));
    const Evidence evidence = FailAt(request, calls[2]);
    EXPECT_FALSE(evidence.from_snapshot);
    EXPECT_THAT(evidence.injections, SizeIs(1));
    EXPECT_THAT(pool_.counts().cold, Contains(Pair(HasSubstr(why), OneRun())));
    EXPECT_EQ(pool_.counts().snapshots, 0);
  }

  RunDirectory cache_;
  Scenario scenario_;
  Profile profile_;
  Catalogue catalogue_;
  LimitsMs limits_;
  SnapshotPool pool_;
};

TEST_F(SnapshotTest, AProgramWithOneThreadGoesOnInEachChild) { FailEach(0); }

TEST_F(SnapshotTest, AProgramWithTenThreadsGoesOnInEachChild) { FailEach(10); }

#ifdef SNAPSHOT_ASAN_VICTIM
// Nobody traces it but LeakSanitizer, at its end.
TEST_F(SnapshotTest, ATargetWithAddressSanitizerIsForkedAndReportsItsLeak) {
  RunRequest request = Request({"10", "forgets"});
  request.program = SNAPSHOT_ASAN_VICTIM;
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(kCalls)) << testing::PrintToString(pool_.counts().cold);
  const Evidence well = FailAt(request, calls[0]);
  EXPECT_TRUE(well.from_snapshot) << testing::PrintToString(pool_.counts().cold);
  EXPECT_EQ(Log(well).back(), "whole, 1 failed") << testing::PrintToString(Log(well));
  const Evidence leaks = FailAt(request, calls[3]);
  EXPECT_TRUE(leaks.from_snapshot) << testing::PrintToString(pool_.counts().cold);
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
  EXPECT_TRUE(evidence.from_snapshot) << testing::PrintToString(pool_.counts().cold);
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
      << testing::PrintToString(pool_.counts().cold);
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

// The victim looks at its timers, and lets one expire.
TEST_F(SnapshotTest, PosixTimersGoOnWithTheirIds) {
  const RunRequest request = Request({"0", "timer"});
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(kCalls));
  for (const size_t call : {1, 4}) {
    const Evidence evidence = FailAt(request, calls[call]);
    EXPECT_TRUE(evidence.from_snapshot) << testing::PrintToString(pool_.counts().cold);
    EXPECT_EQ(Log(evidence).back(), "whole, 1 failed") << testing::PrintToString(Log(evidence));
  }
}

TEST_F(SnapshotTest, PairsOfSocketsAreItsOwn) { ExpectForked("pair"); }
TEST_F(SnapshotTest, WhatItWatchesInItsDirectoryIsItsOwn) { ExpectForked("inotify"); }
TEST_F(SnapshotTest, SharedMemoryWhoseNameHasGoneIsItsOwn) { ExpectForked("trace"); }

// Of memory that is mapped behind the first call, which the agent sees.
class SnapshotMemory : public SnapshotTest {
 protected:
  void SetUp() override {
    SnapshotTest::SetUp();
    Observer maps;
    maps.name = "memory/map";
    maps.registry = "memory";
    maps.symbols = {"mmap", "mmap64"};
    catalogue_.observers.push_back(maps);
    pool_.SetLargePages(true);
  }

  // What the victim says of its memory when it is forked at that call, and ends well.
  std::string Memory(const std::string& what, size_t call) {
    const RunRequest request = Request({"0", what});
    const std::vector<SiteCall> calls = Calls(request);
    EXPECT_THAT(calls, SizeIs(kCalls));
    const Evidence evidence = FailAt(request, calls.at(call));
    const std::vector<std::string> log = Log(evidence);
    EXPECT_EQ(log.back(), "whole, 1 failed") << testing::PrintToString(log);
    return fmt::format("{}: {}", evidence.from_snapshot ? "forked" : "cold",
                       log.at(log.size() - 2));
  }
};

TEST_F(SnapshotMemory, IsItsOwnWhetherItWasMappedBeforeTheForkOrIsMappedLater) {
  const bool can_be_large = std::filesystem::exists("/sys/kernel/mm/transparent_hugepage");
  const std::string due = can_be_large ? "forked: its own, in large pages" : "forked: its own";
  EXPECT_EQ(Memory("memory", 0), due);
  EXPECT_EQ(Memory("memory", 4), due);
}
TEST_F(SnapshotMemory, WhatIsWrittenBeforeItIsMappedIsThere) {
  EXPECT_EQ(Memory("written", 0), "forked: shared");
}
TEST_F(SnapshotMemory, WhatIsMappedTwiceStaysShared) {
  EXPECT_EQ(Memory("mirror", 0), "cold: shared");
  EXPECT_EQ(Memory("mirror", 4), "cold: shared");
  EXPECT_THAT(pool_.counts().cold, Contains(Pair(HasSubstr("maps twice: /memfd:large"), OneRun())));
}
TEST_F(SnapshotMemory, WhatIsMappedOnceMoreLaterStaysShared) {
  EXPECT_EQ(Memory("again", 0), "cold: shared");
  EXPECT_EQ(Memory("again", 4), "cold: shared");
}
TEST_F(SnapshotMemory, WhatAChildProcessSharesStaysShared) {
  EXPECT_EQ(Memory("inherits", 0), "cold: shared");
}
TEST_F(SnapshotMemory, IsItsOwnInSmallPagesToo) {
  pool_.SetLargePages(false);
  EXPECT_EQ(Memory("memory", 0), "forked: its own");
  EXPECT_EQ(Memory("memory", 4), "forked: its own");
}

TEST_F(SnapshotMemory, IsClearedByGivingItBackWhereItIsItsOwn) {
  EXPECT_EQ(Memory("cleared", 0), "forked: given back");
  EXPECT_EQ(Memory("cleared", 4), "forked: given back");
}

TEST_F(SnapshotTest, AnIntervalTimerIsNamed) { ExpectCold("itimer", "interval timer"); }
TEST_F(SnapshotTest, AnIoUringIsNamed) { ExpectCold("io_uring", "io_uring"); }
TEST_F(SnapshotTest, AChildProcessIsNamed) { ExpectCold("child", "child processes"); }
TEST_F(SnapshotTest, AConnectionIsNamed) { ExpectCold("connection", "a connection"); }
TEST_F(SnapshotTest, WhatWaitsInAPipeIsNamed) { ExpectCold("pipe", "waits in the pipe"); }
TEST_F(SnapshotTest, WhatWaitsInAPairOfSocketsIsNamed) { ExpectCold("letter", "in the socket"); }
TEST_F(SnapshotTest, WhatWaitsInAnInotifyIsNamed) { ExpectCold("notice", "waits in it"); }
TEST_F(SnapshotTest, ADeletedFileIsNamed) { ExpectCold("file", "deleted file"); }

}  // namespace
}  // namespace faultline
