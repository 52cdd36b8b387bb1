#include "harness/run/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/files.h"
#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

TEST(CalibratedLimitsTest, AreFourTimesTheMeasuredAndAGraceWithinTheBound) {
  LimitsMs upper;
  upper.start = 30'000;
  upper.rpc = 30'000;
  upper.stop = 1'500;
  FaultFreeRun fault_free;
  fault_free.start_ms = 300;
  fault_free.rpc_ms = 9'000;
  fault_free.stop_ms = 20;
  const LimitsMs limits = CalibratedLimits(upper, fault_free);
  EXPECT_EQ(limits.start, 3'200);
  EXPECT_EQ(limits.rpc, 30'000);
  EXPECT_EQ(limits.stop, 1'500);
  upper.stop = 15'000;
  EXPECT_EQ(CalibratedLimits(upper, fault_free).stop, 2'080);
  EXPECT_EQ(BriefLimits(upper, fault_free).stop, 580);
}

class FaultFreeCacheTest : public testing::Test {
 protected:
  testkit::TemporaryDirectory temporary_;
  const std::filesystem::path& directory_ = temporary_.path();
};

TEST_F(FaultFreeCacheTest, GivesBackWhatWasStoredForTheSameKeysOnly) {
  FaultFreeRun fault_free;
  fault_free.start_ms = 1;
  fault_free.rpc_ms = 2;
  fault_free.stop_ms = 3;
  fault_free.left_behind = {"file \xff"};  // names need not be UTF-8
  FaultFreeCache(directory_, "program", "scenario").Store(fault_free);
  const auto loaded = FaultFreeCache(directory_, "program", "scenario").Load();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->start_ms, 1);
  EXPECT_EQ(loaded->rpc_ms, 2);
  EXPECT_EQ(loaded->stop_ms, 3);
  EXPECT_EQ(loaded->left_behind.size(), 1u);
  EXPECT_FALSE(FaultFreeCache(directory_, "program", "other").Load().has_value());
  EXPECT_FALSE(FaultFreeCache("", "program", "scenario").Load().has_value());
}

TEST_F(FaultFreeCacheTest, MeasuresAgainWhenTheFileIsDamaged) {
  const FaultFreeCache cache(directory_, "program", "scenario");
  cache.Store({});
  for (const char* content : {"", "{", "[]", R"({"start_ms": "x"})"}) {
    WriteFileAtomically(directory_ / "fault-free" / "program-scenario.json", content);
    EXPECT_FALSE(cache.Load().has_value()) << content;
  }
}

}  // namespace
}  // namespace faultline
