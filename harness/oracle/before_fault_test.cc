#include "harness/oracle/before_fault.h"

#include "harness/oracle/testing/judged_run.h"

// What failed before anything was made to fail is no consequence of it, whatever comes later.
namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Status = StepResult::Status;
using testkit::IsKind;
using testkit::JudgedRun;

// A call fails in step 3, and the target gives up with an error.
class BeforeFault : public ::testing::Test {
 protected:
  BeforeFault() {
    run_.fault_free = &fault_free_;
    run_.scenario.tolerance = Tolerance::kMayFailCleanly;
    run_.step = 3;
    run_.Inject("late");
    run_.evidence.injections[0].time_ms = 500;
    run_.evidence.exit = {ExitStatus::Kind::kExited, 1};
    run_.evidence.asked_to_stop = false;
  }
  JudgedRun run_;
  FaultFreeRun fault_free_;
};

// Tempting: the target gave up with an error, as it may after a failure.
TEST_F(BeforeFault, AStepIsNotExcusedByWhatCameLater) {
  run_.result(2).status = Status::kUnmet;
  run_.evidence.rpcs[0].outcome = RpcExchange::Outcome::kError;
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("expectation")));
  EXPECT_THAT(findings[0].caused_by, IsEmpty());
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("before anything was made to fail")));
}

TEST_F(BeforeFault, AStepBehindTheFaultIsExcused) {
  run_.result(3).status = Status::kTargetGone;
  run_.result(3).begin_ms = 400;
  run_.result(3).duration_ms = 200;
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

// What the scenario does to the target is refused in every run.
TEST_F(BeforeFault, ARequestThatIsRefusedAnywayIsExcused) {
  run_.result(2).status = Status::kUnmet;
  run_.evidence.rpcs[0].outcome = RpcExchange::Outcome::kError;
  fault_free_.answers = {{.method = "framework_start_init",
                          .outcome = RpcExchange::Outcome::kError,
                          .answer = nullptr}};
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

// Tempting: one bug, one finding; but the crash comes of the fault and the step does not.
TEST_F(BeforeFault, AStepIsNotExplainedByACrashThatCameLater) {
  run_.result(2).status = Status::kUnmet;
  run_.Die(SIGSEGV, {testkit::At("shutdown", "/src/s.c")});
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("crash"), IsKind("expectation")));
  EXPECT_THAT(findings[0].caused_by, ElementsAre("late"));
  EXPECT_THAT(findings[1].caused_by, IsEmpty());
}

TEST_F(BeforeFault, TheTimeTellsWithinAStep) {
  StepResult& step = run_.result(3);
  step.status = Status::kUnmet;
  step.begin_ms = 100;
  step.duration_ms = 50;
  EXPECT_TRUE(FailedBeforeFault(step, run_.evidence)) << "the call failed behind it, in the stop";
  step.duration_ms = 450;
  EXPECT_FALSE(FailedBeforeFault(step, run_.evidence));
}

}  // namespace
}  // namespace faultline
