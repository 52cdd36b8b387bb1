#include "harness/oracle/run_course.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using testkit::JudgedRun;

RpcExchange Refused(const std::string& message) {
  return {.step = 2,
          .method = "bdev_create",
          .params = nullptr,
          .outcome = RpcExchange::Outcome::kError,
          .answer = {{"code", -32603}, {"message", message}}};
}

class GaveUpTest : public testing::Test {
 protected:
  GaveUpTest() {
    fault_free_.answers = {
        {.method = "bdev_create", .outcome = RpcExchange::Outcome::kResult, .answer = true},
        {.method = "bdev_create",
         .outcome = RpcExchange::Outcome::kError,
         .answer = Refused("File exists").answer}};
    RpcExchange done = Refused("");
    done.outcome = RpcExchange::Outcome::kResult;
    done.answer = true;
    run_.evidence.rpcs = {done, Refused("File exists")};
  }
  bool GaveUp() const { return GaveUpCleanly(run_.evidence, &fault_free_); }

  JudgedRun run_;
  FaultFreeRun fault_free_;
};

// Tempting: the scenario accepts a result there too.
TEST_F(GaveUpTest, TheErrorThatFaultFreeRunsAnswerTooSaysNothing) {
  EXPECT_FALSE(GaveUp());
  EXPECT_TRUE(GaveUpCleanly(run_.evidence, nullptr)) << "nothing to compare it with";
}

TEST_F(GaveUpTest, AnotherErrorThanThatSaysSo) {
  run_.evidence.rpcs[1] = Refused("Cannot allocate memory");
  EXPECT_TRUE(GaveUp());
}

TEST_F(GaveUpTest, AnErrorWhereFaultFreeRunsAnswerAResultSaysSo) {
  run_.evidence.rpcs[0] = Refused("File exists");
  EXPECT_TRUE(GaveUp());
  run_.evidence.rpcs[0].must_fail = true;
  EXPECT_FALSE(GaveUp());
}

TEST_F(GaveUpTest, AFailingExitSaysSo) {
  run_.evidence.exit = {ExitStatus::Kind::kExited, 1};
  EXPECT_TRUE(GaveUp());
}

// A refusal that always comes is no excuse for what went wrong elsewhere.
TEST_F(GaveUpTest, AnErrorThatAlwaysComesExcusesNoOtherStep) {
  run_.scenario.tolerance = Tolerance::kMayFailCleanly;
  run_.fault_free = &fault_free_;
  run_.Inject("one");
  run_.Add(CommandStep{}, "run a client");
  run_.result(5).status = StepResult::Status::kUnmet;
  EXPECT_THAT(run_.Judge(), testing::SizeIs(1));
  run_.evidence.rpcs[1] = Refused("Cannot allocate memory");
  EXPECT_THAT(run_.Judge(), testing::IsEmpty());
}

}  // namespace
}  // namespace faultline
