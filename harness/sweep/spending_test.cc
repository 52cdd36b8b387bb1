#include "harness/sweep/spending.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

using namespace std::chrono_literals;
using Purpose = QueueRequest::Purpose;

constexpr Clock::time_point kBegin{100s};

Spending::Pace PaceAt(Clock::duration since_begin) {
  return {.now = kBegin + since_begin, .usual = 1s, .jobs = 2};
}

TEST(Spending, IsNotLimitedBeforeItBegins) {
  Spending spending({.time_ms = 1, .runs = 0});
  spending.CountRun(Purpose::kVisit);
  EXPECT_EQ(spending.runs(), 0);
  EXPECT_TRUE(spending.Allows(Purpose::kVisit, 1h, PaceAt(0s)));
  EXPECT_EQ(spending.ElapsedMs(kBegin), 0);
}

TEST(Spending, ACensusIsFree) {
  Spending spending({.time_ms = 1, .runs = 0});
  spending.Begin(kBegin);
  spending.CountRun(Purpose::kCensus);
  EXPECT_EQ(spending.runs(), 0);
  EXPECT_TRUE(spending.Allows(Purpose::kCensus, 1h, PaceAt(1h)));
  EXPECT_FALSE(spending.Allows(Purpose::kVisit, {}, PaceAt(0s)));
}

TEST(Spending, EndsWithTheRunsOrTheTime) {
  Spending spending({.time_ms = 10'000, .runs = 2});
  spending.Begin(kBegin);
  EXPECT_TRUE(spending.Allows(Purpose::kConfirm, {}, PaceAt(9s)));
  EXPECT_FALSE(spending.Allows(Purpose::kConfirm, {}, PaceAt(9s + 1ms))) << "a run takes 1 s";
  EXPECT_FALSE(spending.Allows(Purpose::kConfirm, 5s, PaceAt(6s)));
  spending.CountRun(Purpose::kConfirm);
  spending.CountRun(Purpose::kConfirm);
  EXPECT_FALSE(spending.Allows(Purpose::kConfirm, {}, PaceAt(0s)));
  EXPECT_TRUE(spending.HasTime(Purpose::kConfirm, {}, PaceAt(0s))) << "to try one again";
}

TEST(Spending, VisitsLeaveForConfirmingWhatItNeedsButNeverMoreThanHalf) {
  Spending spending({.time_ms = 10'000, .runs = 1'000});
  spending.Begin(kBegin);
  spending.Keep(4, 1s);  // two at a time: 2 s, and 1 s alone
  EXPECT_TRUE(spending.Allows(Purpose::kVisit, {}, PaceAt(6s)));
  EXPECT_FALSE(spending.Allows(Purpose::kVisit, {}, PaceAt(6s + 1ms)));
  EXPECT_TRUE(spending.Allows(Purpose::kConfirm, {}, PaceAt(9s)));
  spending.Keep(100'000, 1h);
  EXPECT_TRUE(spending.Allows(Purpose::kVisit, {}, PaceAt(4s)));
  EXPECT_FALSE(spending.Allows(Purpose::kVisit, {}, PaceAt(4s + 1ms)));
}

}  // namespace
}  // namespace faultline
