// A hang on a machine that gave the target no CPU is believed only when it comes again.
#include "harness/run/run_scenario.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int64_t kLimitMs = 2'000;

// Hangs at its stop in each run, in the first `starved_` of them for want of a CPU, and in the
// first `hung_` runs only.
class HangingExecutor : public Executor {
 public:
  HangingExecutor(int hung, int starved) : hung_(hung), starved_(starved) {}

  Evidence Execute(const RunRequest& /*request*/) override {
    ++runs_;
    Evidence evidence;
    evidence.asked_to_stop = true;
    evidence.exit.kind = ExitStatus::Kind::kExited;
    if (runs_ <= hung_) {
      evidence.exit.kind = ExitStatus::Kind::kKilledByUs;
      evidence.stop_limit_ms = evidence.stop_wait.limit_ms = kLimitMs;
      evidence.stop_wait.for_cpu_ms = runs_ <= starved_ ? kMostTimesForCpu * kLimitMs : 0;
      evidence.stop_ms = kLimitMs + evidence.stop_wait.for_cpu_ms;
    }
    return evidence;
  }

  int runs() const { return runs_; }

 private:
  int hung_;
  int starved_;
  int runs_ = 0;
};

ScenarioResult RunStop(Executor& executor) {
  LoadedScenario loaded;
  loaded.scenario.name = "busy/stop";
  ScenarioOptions options;
  options.program = "/bin/true";
  return RunScenario(loaded, options, executor);
}

TEST(RunScenario, AHangWithACpuIsBelievedAtOnce) {
  HangingExecutor executor(/*hung=*/1, /*starved=*/0);
  EXPECT_THAT(RunStop(executor).findings, SizeIs(1));
  EXPECT_EQ(executor.runs(), 1);
}

TEST(RunScenario, AHangForWantOfACpuThatDoesNotComeAgainIsNone) {
  HangingExecutor executor(/*hung=*/1, /*starved=*/1);
  EXPECT_THAT(RunStop(executor).findings, IsEmpty());
  EXPECT_EQ(executor.runs(), 2);
}

TEST(RunScenario, AHangForWantOfACpuThatComesAgainWithOneIsBelieved) {
  HangingExecutor executor(/*hung=*/2, /*starved=*/1);
  EXPECT_THAT(RunStop(executor).findings, SizeIs(1));
}

TEST(RunScenario, AMachineThatIsTooBusyTwiceIsSaidAndNothingIsFound) {
  HangingExecutor executor(/*hung=*/2, /*starved=*/2);
  try {
    RunStop(executor);
    FAIL() << "a verdict";
  } catch (const TooBusy& busy) {
    EXPECT_EQ(busy.code(), ExitCode::kCannotWork);
    EXPECT_THAT(busy.what(), HasSubstr("too busy to judge busy/stop"));
  }
}

}  // namespace
}  // namespace faultline
