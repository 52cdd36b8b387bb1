#include "harness/target/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/base/failure.h"

namespace faultline {
namespace {

using ::testing::HasSubstr;

class Hugepages : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!ReadHugepagePool()) {
      GTEST_SKIP() << "needs a kernel with 2 MiB hugepages";
    }
  }
};

TEST_F(Hugepages, PoolIsConsistent) {
  const HugepagePool pool = *ReadHugepagePool();
  EXPECT_GE(pool.total, pool.free);
  EXPECT_GE(pool.available(), 0);
}

TEST_F(Hugepages, AReservationOfWhatIsThereChangesNothing) {
  const HugepageReservation reservation(0);
  EXPECT_EQ(reservation.added_pages(), 0);
}

TEST_F(Hugepages, AReservationAddsWhatIsMissingAndTakesItOutAgain) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  // Others may use the pool at the same time, so only our own change is looked at.
  const int mb = static_cast<int>(ReadHugepagePool()->available() + 2) * kHugepageMb;
  const HugepageReservation reservation(mb);
  EXPECT_GT(reservation.added_pages(), 0);
}

// What is free may be another run's, which has not touched it yet.
TEST_F(Hugepages, EachReservationHasPagesOfItsOwn) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  const HugepageReservation one(4);
  const HugepageReservation another(4);
  EXPECT_EQ(one.added_pages(), 2);
  EXPECT_EQ(another.added_pages(), 2);
}

TEST_F(Hugepages, RunsTakeTheirsFromTheBudgetOfTheProcess) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  const HugepageBudget budget(8);
  for (int round = 0; round < 2; ++round) {
    const HugepageReservation one(4);
    const HugepageReservation another(4);
    const HugepageReservation one_too_many(4);
    EXPECT_EQ(one.added_pages() + another.added_pages(), 0);
    // It is for the next round, too.
    EXPECT_EQ(one_too_many.added_pages(), round == 0 ? 2 : 0);
  }
}

TEST_F(Hugepages, WhatRunsNeededBeyondTheBudgetGoesWithTheLastBudget) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  std::optional<HugepageBudget> first(std::in_place, 0);
  std::optional<HugepageBudget> last(std::in_place, 4);
  const auto beyond = std::make_unique<HugepageReservation>(8);
  EXPECT_EQ(beyond->added_pages(), 4);
  const auto within = [] { return HugepageReservation(8).added_pages() == 0; };
  EXPECT_FALSE(within());
  first.reset();
  EXPECT_TRUE(within());
  last.reset();
  EXPECT_FALSE(within());
}

TEST_F(Hugepages, TheLackOfThemIsSaidBeforeARun) {
  EXPECT_EQ(LackOfHugepages(0, /*mount=*/false), "");
  EXPECT_THAT(LackOfHugepages(100'000'000, /*mount=*/false), HasSubstr("50000000 free hugepages"));
  EXPECT_EQ(LackOfHugepages(0, /*mount=*/true).empty(), MayMount());
}

TEST_F(Hugepages, AChangeCanBeUndone) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  EXPECT_EQ(AddHugepages(2), 2);
  EXPECT_EQ(AddHugepages(-2), -2);
}

// A target that is being killed still has its pages when its harness takes them out of the pool;
// a harness that adds some meanwhile must not keep those for good.
TEST_F(Hugepages, PagesTakenOutWhileInUseDoNotComeBack) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  constexpr size_t kBytes = size_t{4} * kHugepageMb << 20;
  ASSERT_EQ(AddHugepages(4), 4);
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
  EXPECT_NE(memory, MAP_FAILED);
  const int64_t before = ReadHugepagePool()->total;
  EXPECT_EQ(AddHugepages(-4), -4);
  EXPECT_EQ(AddHugepages(2), 2);
  munmap(memory, kBytes);
  EXPECT_EQ(AddHugepages(-2), -2);
  EXPECT_LE(ReadHugepagePool()->total, before - 4);
}

TEST_F(Hugepages, WhatTheMachineCannotGiveIsSaidWithNumbers) {
  const int64_t before = ReadHugepagePool()->total;
  try {
    const HugepageReservation reservation(100'000'000);  // refused before the kernel is asked
    ADD_FAILURE() << "95 TiB of hugepages";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kCannotWork);
    EXPECT_THAT(failure.what(), HasSubstr("needs 50000000 free hugepages"));
  }
  EXPECT_EQ(ReadHugepagePool()->total, before);
}

}  // namespace
}  // namespace faultline
