#include "harness/sweep/spare_room.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

TEST(SpareRoom, GrowsWhileACpuIsIdleAndGoesOnceNoneIs) {
  SpareRoom room(2, 2);
  EXPECT_EQ(room.runs(), 0);
  room.Adapt(0.9);
  room.Adapt(0.6);
  EXPECT_EQ(room.runs(), 2);
  room.Adapt(0.3);
  EXPECT_EQ(room.runs(), 2) << "neither is one idle nor are all busy";
  room.Adapt(0.1);
  EXPECT_EQ(room.runs(), 0);
}

// Targets that are asleep when they are looked at, and all of which are busy later.
TEST(SpareRoom, SoManyAsWereTooManyAreNotTriedAgainSoon) {
  SpareRoom room(2, 2);
  for (const int most : {4, 3, 2, 1}) {
    for (int i = 0; i < 4; ++i) {
      room.Adapt(2);
    }
    EXPECT_EQ(room.runs(), most);
    room.Adapt(0);
  }
  EXPECT_EQ(room.runs(), 0);
  for (int i = 0; i < 30; ++i) {
    room.Adapt(2);
  }
  EXPECT_GT(room.runs(), 0) << "they may be others by now";
}

TEST(SpareRoom, IsAtMostThreeTimesTheJobs) {
  SpareRoom room(2, 2);
  for (int i = 0; i < 100; ++i) {
    room.Adapt(1.5);
  }
  EXPECT_EQ(room.runs(), 6);
}

TEST(SpareRoom, LeavesCpusThatThereAreNoJobsForToOthers) {
  SpareRoom room(1, 4);
  room.Adapt(3.1);
  EXPECT_EQ(room.runs(), 0);
  room.Adapt(3.6);
  EXPECT_EQ(room.runs(), 1);
  room.Adapt(2.9);
  EXPECT_EQ(room.runs(), 0);
}

TEST(SpareRoom, ClosesAtOnce) {
  SpareRoom room(2, 2);
  room.Adapt(2);
  room.Close();
  EXPECT_EQ(room.runs(), 0);
}

}  // namespace
}  // namespace faultline
