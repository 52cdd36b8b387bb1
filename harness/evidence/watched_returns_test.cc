#include "harness/evidence/watched_returns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace faultline {
namespace {

using protocol::JournalRecord;

constexpr uint64_t kSite = 0x5173;

class ReadReturnsTest : public testing::Test {
 protected:
  ReadReturnsTest() {
    FaultPoint point;
    point.name = "pool/create";
    point.failure.shape = FailureValue::Shape::kPointer;
    catalogue_.points.push_back(point);
    journal_.sites.push_back({kSite, 1, 0, 0});
  }
  JournalRecord& Add(JournalRecord::Kind kind, uint64_t occurrence, uint64_t result = 0,
                     int flags = 0) {
    JournalRecord record;
    record.kind = kind;
    record.flags = static_cast<uint16_t>(flags);
    record.index = 0;
    record.site = 0;
    record.tid = 7;
    record.step = 1;
    record.occurrence = occurrence;
    record.result = result;
    journal_.records.push_back(record);
    return journal_.records.back();
  }
  std::vector<WatchedReturn> Read() { return ReadReturns(journal_, {"pool/create"}, catalogue_); }

  Catalogue catalogue_;
  JournalSnapshot journal_;
};

TEST_F(ReadReturnsTest, ACallThatCameBackIsToldOnceWithItsValue) {
  Add(JournalRecord::kReturned, 1, 0x1000);
  Add(JournalRecord::kHitBelow, 2);
  Add(JournalRecord::kReturned, 2, 0, JournalRecord::kHitInside);
  const auto returns = Read();
  ASSERT_EQ(returns.size(), 2u);
  EXPECT_EQ(returns[0].point, "pool/create");
  EXPECT_EQ(returns[0].site, kSite);
  EXPECT_TRUE(returns[0].returned);
  EXPECT_FALSE(returns[0].failed);
  EXPECT_FALSE(returns[0].hit_inside);
  EXPECT_EQ(returns[0].value, 0x1000u);
  EXPECT_EQ(returns[1].occurrence, 2u);
  EXPECT_TRUE(returns[1].returned);
  EXPECT_TRUE(returns[1].failed);
  EXPECT_TRUE(returns[1].hit_inside);
}

TEST_F(ReadReturnsTest, ACallThatAFaultHitAndThatNeverCameBackIsTold) {
  Add(JournalRecord::kHitBelow, 1);
  Add(JournalRecord::kHitBelow, 2).tid = 8;
  Add(JournalRecord::kReturned, 2, 0, JournalRecord::kHitInside).tid = 8;
  const auto returns = Read();
  ASSERT_EQ(returns.size(), 2u);
  EXPECT_FALSE(returns[0].returned);
  EXPECT_FALSE(returns[0].failed) << "it returned nothing at all";
  EXPECT_TRUE(returns[0].hit_inside);
  EXPECT_TRUE(returns[1].returned);
}

TEST_F(ReadReturnsTest, ARecursiveCallIsAnother) {
  Add(JournalRecord::kHitBelow, 1);
  Add(JournalRecord::kHitBelow, 2);
  Add(JournalRecord::kReturned, 2, 0, JournalRecord::kHitInside);
  Add(JournalRecord::kReturned, 1, 5, JournalRecord::kHitInside);
  const auto returns = Read();
  ASSERT_EQ(returns.size(), 2u);
  EXPECT_TRUE(returns[0].failed);
  EXPECT_FALSE(returns[1].failed) << "it did without";
}

bool Fails(FailureValue::Shape shape, int64_t result, uint64_t rax, bool error_noted = false) {
  FailureValue failure;
  failure.shape = shape;
  failure.result = result;
  return IsFailure(failure, rax, error_noted);
}

TEST(IsFailureTest, LooksAtWhatTheCallerLooksAt) {
  using Shape = FailureValue::Shape;
  EXPECT_TRUE(Fails(Shape::kPointer, 0, 0));
  EXPECT_FALSE(Fails(Shape::kPointer, 0, uint64_t{1} << 32));
  EXPECT_TRUE(Fails(Shape::kPointer, -1, UINT64_MAX)) << "MAP_FAILED";
  EXPECT_FALSE(Fails(Shape::kPointer, -1, 0));
  EXPECT_TRUE(Fails(Shape::kNumber, -ENOMEM, static_cast<uint32_t>(-EINVAL)))
      << "an int of which the upper half was never set";
  EXPECT_FALSE(Fails(Shape::kNumber, -ENOMEM, 0xffffffff00000000u));
  EXPECT_TRUE(Fails(Shape::kNumber, EAGAIN, ENOMEM));
  EXPECT_FALSE(Fails(Shape::kNumber, EAGAIN, 0));
  EXPECT_TRUE(Fails(Shape::kNumber, 0, 0x100000000u)) << "none of what was asked for";
  EXPECT_FALSE(Fails(Shape::kNumber, 0, 3));
  EXPECT_TRUE(Fails(Shape::kBool, 0, 0xabcdef00u)) << "a bool is its lowest byte";
  EXPECT_FALSE(Fails(Shape::kBool, 0, 0xabcdef01u));
  EXPECT_TRUE(Fails(Shape::kVoid, 0, 1, true));
  EXPECT_FALSE(Fails(Shape::kVoid, 0, 0, false));
}

}  // namespace
}  // namespace faultline
