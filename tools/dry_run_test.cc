#include "tools/dry_run.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using testing::AllOf;
using testing::HasSubstr;

SweepResult AResult() {
  SweepResult result;
  result.plans = 5;
  result.fault_free_ms = 2000;
  result.planned = {{"transient a#1", "a", "libc/open"},
                    {"persistent a#1", "a", "libc/open"},
                    {"transient b#1", "b", "dpdk/ring"}};
  return result;
}

TEST(TellDryRun, SaysWhatWouldBeVisitedAndHowLong) {
  EXPECT_EQ(TellDryRun(AResult(), {}, 2, 100),
            "sites  plans  point\n"
            "-----  -----  ---------\n"
            "1      2      libc/open\n"
            "1      1      dpdk/ring\n"
            "would visit 2 sites by 3 plans, 2 are done\n"
            "about 3 s with 2 at a time; each finding takes about ten runs more to confirm\n");
}

TEST(TellDryRun, RunsThatWereMadeSayHowLongOneTakes) {
  StoredRun run;
  run.duration_ms = 40'000;
  EXPECT_THAT(TellDryRun(AResult(), {run}, 2, 100), HasSubstr("about 1 min 0 s with"));
}

TEST(TellDryRun, NothingLeftIsSaid) {
  SweepResult result = AResult();
  result.planned.clear();
  result.impossible["x"] = "cannot";
  EXPECT_THAT(TellDryRun(result, {}, 2, 100),
              AllOf(HasSubstr("all 5 plans are done"), HasSubstr("1 sites are left out")));
}

}  // namespace
}  // namespace faultline
