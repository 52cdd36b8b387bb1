#include "harness/oracle/nondeterministic.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

TEST(JudgeRepetition, NamesASiteThatNotEveryRunReached) {
  const auto finding = JudgeRepetition({"dpdk/ring/create", "make (a.c)", 2, 3});
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, "nondeterministic");
  EXPECT_EQ(finding->title, "dpdk/ring/create @ make (a.c): reached in 2 of 3 fault-free runs");
  EXPECT_EQ(finding->signature, "nondeterministic: dpdk/ring/create @ make (a.c)");
}

TEST(JudgeRepetition, SaysNothingOfASiteThatEveryRunReached) {
  EXPECT_FALSE(JudgeRepetition({"dpdk/ring/create", "make (a.c)", 3, 3}).has_value());
}

}  // namespace
}  // namespace faultline
