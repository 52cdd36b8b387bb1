#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"
#include "harness/oracle/testing/stack_recorder.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
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

TEST(StayingOracle, WhatStaysIsNoReasonForAWrongAnswerBefore) {
  StoppedRun run;
  run.Call("mempool/create", 0x20, "pool");
  run.Unwind();
  run.evidence.exit.code = 3;
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("leak"))) << "its exit code is the same story";
  run.result(2).status = StepResult::Status::kUnmet;
  EXPECT_THAT(run.Judge(), UnorderedElementsAre(IsKind("leak"), IsKind("expectation")));
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

[[gnu::noinline]] void MakeTarget(testkit::StackRecorder& run) {
  run.Record("mempool/create", 0x20, "pool");
  NO_TAIL_CALL;
  run.Record("io_device/register", 0x10, "device");
  NO_TAIL_CALL;
}

TEST(StayingOracle, WhatOneFunctionMakesTogetherIsToldOnce) {
  testkit::StackRecorder run;
  run.AddUnwindObserver();
  run.profile.never_stays = {"mempool", "io_device"};
  MakeTarget(run);
  NO_TAIL_CALL;
  run.Call("target/unwind", 0);
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_THAT(findings[0].title, testing::HasSubstr("mempool `pool'"));
  EXPECT_THAT(findings[0].details, testing::Contains("with it: io_device `device'"));
}

TEST(StayingOracle, WhatIsMadeApartIsToldApart) {
  StoppedRun run;
  run.profile.never_stays = {"mempool", "io_device"};
  run.Call("mempool/create", 0x20, "pool");
  run.Call("io_device/register", 0x10, "device");
  run.Unwind();
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("leak"), IsKind("leak")));
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
