#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"
#include "harness/scenario/finding_kinds.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testkit::IsKind;
using testkit::JudgedRun;

JudgedRun WithPattern(const std::string& kind, const std::string& pattern) {
  JudgedRun run;
  run.profile.log_patterns = {{.kind = kind, .pattern = pattern, .note = "bug 7", .position = {}}};
  return run;
}

TEST(LogPatternOracle, EveryKindOfPatternGivesAFindingOfThatKind) {
  for (const std::string& kind : LogPatternKinds()) {
    JudgedRun run = WithPattern(kind, "Cannot free (ring\\w+)");
    run.Say("RING: Cannot free ring7", 3);
    run.Say("RING: Cannot free ring7", 3);
    const std::vector<Finding> findings = run.Judge();
    ASSERT_THAT(findings, ElementsAre(IsKind(kind)));
    EXPECT_EQ(findings[0].title, "RING: Cannot free ring7");
    EXPECT_EQ(findings[0].signature, kind + ": RING: Cannot free ring#");
    EXPECT_EQ(findings[0].step, 3);
  }
}

TEST(LogPatternOracle, ALineThatFaultFreeRunsHaveTooIsNone) {
  JudgedRun run = WithPattern("leak", "still in use");
  run.Say("[2026-01-02 20:21:22.1] pool 7 is still in use");
  FaultFreeRun fault_free;
  fault_free.lines = {"pool <n> is still in use"};
  run.fault_free = &fault_free;
  EXPECT_THAT(run.Judge(), IsEmpty());
  run.Say("ring 7 is still in use");
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("leak")));
  run.is_fault_free = true;
  EXPECT_THAT(run.Judge(), IsEmpty()) << "such a run is what others are judged against";
}

TEST(LogPatternOracle, ADeathIsToldOnceByTheOracleThatHasItsStack) {
  JudgedRun run = WithPattern("crash", "going down");
  run.Say("going down");
  run.Die(SIGSEGV, {testkit::At("pool_fini", "/src/pool.c")});
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("crash")));
  EXPECT_EQ(findings[0].title, "SIGSEGV: wild pointer in pool_fini");
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("going down")));
}

TEST(LogPatternOracle, ExplainsThatTheScenarioDidNotGoAsWritten) {
  JudgedRun run = WithPattern("hang", "waiting for ever");
  run.Say("waiting for ever");
  run.evidence.exit.code = 3;
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("hang")));
}

}  // namespace
}  // namespace faultline
