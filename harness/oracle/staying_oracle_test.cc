#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testkit::IsKind;
using testkit::JudgedRun;

// Mempools never stay; the target unwinds.
class StoppedRun : public JudgedRun {
 public:
  StoppedRun() {
    AddUnwindObserver();
    for (Observer& observer : catalogue.observers) {
      observer.never_stays = observer.name == "mempool/create";
    }
  }
  void Unwind() { Call("target/unwind", 0); }
};

TEST(StayingOracle, AnObjectThatMayNotStayIsALeakWithoutARunToCompareWith) {
  StoppedRun run;
  run.Call("mempool/create", 0x20, "pool");
  run.Unwind();
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_EQ(findings[0].title, "mempool `pool' is there when the target has ended");
}

TEST(StayingOracle, WhatIsGivenBackAndWhatMayStayIsNone) {
  StoppedRun run;
  run.Call("mempool/create", 0x20, "pool");
  run.Call("io_device/register", 0x10, "device");
  run.Unwind();
  run.Call("mempool/free", 0x20);
  EXPECT_THAT(run.Judge(), IsEmpty());
}

TEST(StayingOracle, AProfileNamesWhatItsKindOfTargetNeverLeaves) {
  StoppedRun run;
  run.profile.never_stays = {"io_device"};
  run.Call("io_device/register", 0x10, "device");
  run.Unwind();
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_EQ(findings[0].title, "io_device `device' is there when the target has ended");
}

TEST(StayingOracle, WhoJustExitsOrDiesOwesNothing) {
  StoppedRun run;
  run.Call("mempool/create", 0x20, "pool");
  EXPECT_THAT(run.Judge(), IsEmpty()) << "it never began to unwind";
  run.Unwind();
  run.evidence.exit = {ExitStatus::Kind::kSignaled, SIGKILL};
  run.profile.clean.signals = {SIGKILL};
  for (const Finding& finding : run.Judge()) {
    EXPECT_NE(finding.kind, "leak");
  }
}

TEST(StayingOracle, TheRunThatOthersAreComparedWithIsNotJudged) {
  StoppedRun run;
  run.Call("mempool/create", 0x20, "pool");
  run.Unwind();
  run.is_fault_free = true;
  EXPECT_THAT(run.Judge(), IsEmpty());
}

TEST(StayingOracle, AFullJournalTellsNothing) {
  StoppedRun run;
  run.Call("mempool/create", 0x20, "pool");
  run.Unwind();
  run.evidence.lost_records = 1;
  EXPECT_THAT(run.Judge(), IsEmpty());
}

}  // namespace
}  // namespace faultline
