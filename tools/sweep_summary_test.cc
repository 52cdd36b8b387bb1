#include "tools/sweep_summary.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace faultline {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string SummaryOf(const SweepReport& report) {
  return TellSweep(report, SweepResult(), "s.db", 160, 160);
}

TEST(SweepSummary, AFewNondeterministicSitesAreNamed) {
  SweepReport report;
  report.nondeterministic = {{"1", "libc/file/open @ Load (a.c): reached in 1 of 2 runs"}};
  EXPECT_THAT(SummaryOf(report), HasSubstr("nondeterministic: libc/file/open @ Load (a.c): reached "
                                           "in 1 of 2 runs\n"));
}

TEST(SweepSummary, OfManyNondeterministicSitesThePointsAreCounted) {
  SweepReport report;
  for (int i = 0; i < 5; ++i) {
    report.nondeterministic.emplace_back(
        std::to_string(i), fmt::format("{} @ F{}: reached in 1 of 2 runs",
                                       i == 0 ? "libc/file/open" : "libc/memory/sbrk", i));
  }
  const std::string text = SummaryOf(report);
  EXPECT_THAT(text, HasSubstr("nondeterministic: 5 sites were not reached in every fault-free run: "
                              "libc/memory/sbrk (4), libc/file/open (1) ("));
  EXPECT_THAT(text, Not(HasSubstr("@ F")));
}

}  // namespace
}  // namespace faultline
