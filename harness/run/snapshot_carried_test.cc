// What a forked target has as its own, timers, descriptors and memory, and what cannot be carried,
// which is named.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/run/testing/snapshot_fixture.h"
#include "harness/target/machine.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::kCalls;
using testing::OneRun;
using ::testing::Pair;
using ::testing::SizeIs;

class SnapshotCarried : public testing::SnapshotTest {};

// The victim looks at its timers, and lets one expire.
TEST_F(SnapshotCarried, PosixTimersGoOnWithTheirIds) {
  const RunRequest request = Request({"0", "timer"});
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(kCalls));
  for (const size_t call : {1, 4}) {
    const Evidence evidence = FailAt(request, calls[call]);
    EXPECT_TRUE(evidence.from_snapshot) << ::testing::PrintToString(pool_.counts().cold);
    EXPECT_EQ(Log(evidence).back(), "whole, 1 failed") << ::testing::PrintToString(Log(evidence));
  }
}

TEST_F(SnapshotCarried, PairsOfSocketsAreItsOwn) { ExpectForked("pair"); }
TEST_F(SnapshotCarried, WhatItWatchesInItsDirectoryIsItsOwn) { ExpectForked("inotify"); }
TEST_F(SnapshotCarried, SharedMemoryWhoseNameHasGoneIsItsOwn) { ExpectForked("trace"); }

// Of memory that is mapped behind the first call, which the agent sees.
class SnapshotMemory : public testing::SnapshotTest {
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
    EXPECT_EQ(log.back(), "whole, 1 failed") << ::testing::PrintToString(log);
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

class SnapshotHugepages : public testing::SnapshotTest {
 protected:
  void SetUp() override {
    SnapshotTest::SetUp();
    scenario_.resources.hugetlbfs_mb = 12;
    if (const std::string lack = LackOfHugepages(64, /*mount=*/true); !lack.empty()) {
      GTEST_SKIP() << lack;
    }
  }
};

TEST_F(SnapshotHugepages, AreItsOwnAndItsHugetlbfsHasAsMuchRoomAsTheCarriers) {
  ExpectForked("hugepages");
}
TEST_F(SnapshotHugepages, AreClearedByGivingThemBackWhereTheyAreItsOwn) {
  const RunRequest request = Request({"0", "hugepages"});
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(kCalls));
  // What it maps itself lies elsewhere.
  EXPECT_THAT(Log(FailAt(request, calls[2])),
              Contains("cleared hugepages: given back, written to"));
}
// The machine's pool is others' too: a reservation that adds nothing has found pages that were
// kept.
TEST_F(SnapshotHugepages, AreKeptForTheNextRunAndGoWithThePoolOfSnapshots) {
  const auto adds = [] { return HugepageReservation(8).added_pages(); };
  {
    SnapshotPool pool;
    const RunRequest request = Request({"0", "hugepages"});
    const SiteCall call = pool.Order(request).begin()->first;
    SnapshotExecutor(pool, nullptr).Execute(WithFault(request, call));
    EXPECT_EQ(adds(), 0);
  }
  EXPECT_EQ(adds(), 4);
}
TEST_F(SnapshotHugepages, AHugetlbfsWithoutRoomIsNamed) {
  scenario_.resources.hugetlbfs_mb = 8;
  const RunRequest request = Request({"0", "hugepages"});
  const std::vector<SiteCall> calls = Calls(request);
  ASSERT_THAT(calls, SizeIs(kCalls));
  EXPECT_FALSE(FailAt(request, calls[2]).from_snapshot);
  EXPECT_THAT(pool_.counts().cold, Contains(Pair(HasSubstr("its hugetlbfs is full"), OneRun())));
}

TEST_F(SnapshotCarried, AnIntervalTimerIsNamed) { ExpectCold("itimer", "interval timer"); }
TEST_F(SnapshotCarried, AnIoUringIsNamed) { ExpectCold("io_uring", "io_uring"); }
TEST_F(SnapshotCarried, AChildProcessIsNamed) { ExpectCold("child", "child processes"); }
TEST_F(SnapshotCarried, AConnectionIsNamed) { ExpectCold("connection", "a connection"); }
TEST_F(SnapshotCarried, WhatWaitsInAPipeIsNamed) { ExpectCold("pipe", "waits in the pipe"); }
TEST_F(SnapshotCarried, WhatWaitsInAPairOfSocketsIsNamed) { ExpectCold("letter", "in the socket"); }
TEST_F(SnapshotCarried, WhatWaitsInAnInotifyIsNamed) { ExpectCold("notice", "waits in it"); }
TEST_F(SnapshotCarried, ADeletedFileIsNamed) { ExpectCold("file", "deleted file"); }

}  // namespace
}  // namespace faultline
