#include "harness/sweep/classify.h"

#include <gtest/gtest.h>

#include <csignal>

namespace faultline {
namespace {

using Kind = Decision::Kind;

QueueRequest Asked(Timeout timeout, bool alone = false, HangProof proof = HangProof::kNone) {
  QueueRequest request;
  request.timeout = timeout;
  request.alone = alone;
  request.proof_of = [proof](const RunResult&) { return proof; };
  return request;
}

RunResult Hung(bool starved = false) {
  RunResult result;
  result.hung = true;
  result.starved = starved;
  return result;
}

TEST(Classify, ARunThatEndsIsBelieved) {
  EXPECT_EQ(Classify({}, Asked(Timeout::kBrief)).kind, Kind::kBelieve);
}

TEST(Classify, ANewHangWithinBriefTimeoutsIsTriedWithFullOnes) {
  const Decision decision = Classify(Hung(), Asked(Timeout::kBrief));
  EXPECT_EQ(decision.kind, Kind::kRetry);
  EXPECT_EQ(decision.timeout, Timeout::kFull);
  EXPECT_FALSE(decision.alone);
  EXPECT_TRUE(Classify(Hung(), Asked(Timeout::kBrief, /*alone=*/true)).alone);
}

TEST(Classify, AKnownHangNeedsNoMoreThanABriefTimeout) {
  EXPECT_EQ(Classify(Hung(), Asked(Timeout::kBrief, false, HangProof::kFull)).kind, Kind::kBelieve);
  EXPECT_EQ(Classify(Hung(), Asked(Timeout::kFull)).kind, Kind::kBelieve);
}

TEST(Classify, AHangOfAStarvedTargetIsTriedAlone) {
  for (const HangProof proof : {HangProof::kNone, HangProof::kFull}) {
    const Decision decision = Classify(Hung(/*starved=*/true), Asked(Timeout::kFull, false, proof));
    EXPECT_EQ(decision.kind, Kind::kRetry);
    EXPECT_TRUE(decision.alone);
  }
  EXPECT_EQ(Classify(Hung(true), Asked(Timeout::kFull, false, HangProof::kAlone)).kind,
            Kind::kBelieve);
}

TEST(Classify, ATargetThatIsStarvedEvenAloneIsNotJudged) {
  EXPECT_EQ(Classify(Hung(/*starved=*/true), Asked(Timeout::kFull, /*alone=*/true)).kind,
            Kind::kTooBusy);
}

TEST(Classify, ARunThatSaysNothingIsTriedOnceMoreAlone) {
  RunResult not_made;
  not_made.failure = std::make_exception_ptr(1);
  RunResult gave_up;
  gave_up.failed_by_itself = "no memory";
  for (const RunResult& result : {not_made, gave_up}) {
    QueueRequest request = Asked(Timeout::kBrief);
    const Decision first = Classify(result, request);
    EXPECT_EQ(first.kind, Kind::kRetry);
    EXPECT_TRUE(first.alone);
    request.retries = first.retries;
    EXPECT_EQ(Classify(result, request).kind, Kind::kNoVerdict);
  }
}

// A step failed, and a call was made to fail in a later one, or in this one.
TEST(DescribeRun, AStepThatFailedBeforeTheCallMakesTheRunSayNothingOfIt) {
  const auto failed_by_itself = [](int step_of_call) {
    Evidence evidence;
    StepResult& step = evidence.steps.emplace_back();
    step.index = 2;
    step.status = StepResult::Status::kUnmet;
    Injection& injection = evidence.injections.emplace_back();
    injection.action = "fail";
    injection.step = step_of_call;
    Finding finding;
    finding.kind = "expectation";
    finding.title = "step 2 (run ls) did not end as written";
    finding.step = 2;
    SweepPlan plan;
    plan.faults.emplace_back().id = "site";
    QueueRequest request;
    request.plan = &plan;
    return DescribeRun(SweepContext(), request, evidence, {finding}).failed_by_itself;
  };
  EXPECT_EQ(failed_by_itself(3),
            "step 2 (run ls) did not end as written, before anything was made to fail");
  EXPECT_EQ(failed_by_itself(2), "");
  EXPECT_EQ(failed_by_itself(1), "");
}

// A run of a target that ended so, after it was asked to stop or not.
RunResult Ended(bool asked, ExitStatus::Kind kind, int code) {
  SweepContext context;
  context.profile.stop_signal = SIGTERM;
  Evidence evidence;
  evidence.asked_to_stop = asked;
  evidence.exit = {kind, code};
  return DescribeRun(context, {}, evidence, {});
}

TEST(SignalMayDecide, OnlyWhereTheTargetDiedOfAnotherSignalAfterItWasAskedToStop) {
  using Exit = ExitStatus::Kind;
  const RunResult cut_off = Ended(/*asked=*/true, Exit::kSignaled, SIGSEGV);
  EXPECT_TRUE(SignalMayDecide(cut_off, "leak", /*is_shown=*/false));
  EXPECT_TRUE(SignalMayDecide(cut_off, "leak", /*is_shown=*/true)) << "what explains it came not";
  EXPECT_TRUE(SignalMayDecide(cut_off, "crash", /*is_shown=*/false));
  EXPECT_FALSE(SignalMayDecide(cut_off, "crash", /*is_shown=*/true)) << "that is this crash";
  for (const RunResult& other :
       {Ended(/*asked=*/false, Exit::kSignaled, SIGSEGV), Ended(true, Exit::kSignaled, SIGTERM),
        Ended(true, Exit::kExited, 1), Ended(true, Exit::kKilledByUs, SIGKILL)}) {
    EXPECT_FALSE(SignalMayDecide(other, "leak", /*is_shown=*/false)) << other.run.exit;
  }
}

}  // namespace
}  // namespace faultline
