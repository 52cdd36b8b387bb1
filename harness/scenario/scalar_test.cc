#include "harness/scenario/scalar.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

TEST(ScalarTest, ReadsIntegers) {
  EXPECT_EQ(ParseInteger("0"), 0);
  EXPECT_EQ(ParseInteger("-42"), -42);
  EXPECT_EQ(ParseInteger("0x40000"), 0x40000);
  EXPECT_EQ(ParseInteger("9223372036854775807"), INT64_MAX);
  for (const char* text : {"", "-", "0x", "--1", "+-1", "1 ", " 1", "1e3", "9223372036854775808"}) {
    EXPECT_FALSE(ParseInteger(text).has_value()) << text;
  }
}

TEST(ScalarTest, TypesPlainScalars) {
  EXPECT_EQ(TypedScalar("true"), true);
  EXPECT_EQ(TypedScalar("False"), false);
  EXPECT_EQ(TypedScalar("null"), nullptr);
  EXPECT_EQ(TypedScalar("~"), nullptr);
  EXPECT_EQ(TypedScalar("32767"), 32767);
  EXPECT_EQ(TypedScalar("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(TypedScalar("1.5e3"), 1500.0);
  EXPECT_EQ(TypedScalar("-.5"), -0.5);
}

TEST(ScalarTest, LeavesWordsAlone) {
  for (const char* text : {"yes", "no", "on", "1.2.3", "1_000", "inf", "nan", "e", "12:30", "5s"}) {
    EXPECT_EQ(TypedScalar(text), text);
  }
}

}  // namespace
}  // namespace faultline
