#include "harness/sweep/same_cause.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

TEST(ShowsSameCause, IsTrueForTheSameBugAfterAnotherFailure) {
  StoredRun run;
  run.findings.emplace_back().signature = "hang: stop; after a failed call in f";
  EXPECT_TRUE(ShowsSameCause(run, "hang: stop; after a failed call in g"));
  EXPECT_FALSE(ShowsSameCause(run, "hang: start; after a failed call in g"));
  EXPECT_FALSE(ShowsSameCause(StoredRun(), "hang: stop"));
}

TEST(ShowsSameCause, IsTrueForWhatIsMendedAtTheSamePlace) {
  StoredRun run;
  run.findings.emplace_back().signature = "leak: pool @ create";
  run.findings.back().cause = "the error path of create";
  EXPECT_TRUE(ShowsSameCause(run, "leak: ring @ create", "the error path of create"));
  EXPECT_FALSE(ShowsSameCause(run, "leak: ring @ create", "the error path of start"));
  run.findings.back().cause = "";
  EXPECT_FALSE(ShowsSameCause(run, "leak: ring @ create", ""));
}

TEST(IsSameCause, LooksAtCallersOnlyWhereBothHaveThem) {
  EXPECT_TRUE(IsSameCause("crash: SIGSEGV @ f < g", "crash: SIGSEGV @ f"));
  EXPECT_TRUE(IsSameCause("crash: SIGSEGV @ f < g", "crash: SIGSEGV @ f < g"));
  EXPECT_FALSE(IsSameCause("crash: SIGSEGV @ f < g", "crash: SIGSEGV @ f < h"));
  EXPECT_FALSE(IsSameCause("crash: SIGSEGV @ f < g", "crash: SIGSEGV @ g"));
}

}  // namespace
}  // namespace faultline
