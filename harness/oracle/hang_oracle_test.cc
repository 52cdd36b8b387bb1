#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testkit::At;
using testkit::IsKind;
using testkit::JudgedRun;

const Stack kJoining = {At("__futex_abstimed_wait_common64", "", "libc.so.6"),
                        At("__pthread_clockjoin_ex", "", "libc.so.6"),
                        At("workers_fini", "/src/workers.c"), At("app_fini", "/src/app.c")};
const Stack kPolling = {At("poll_socket", "/src/sock.c"), At("reactor_run", "/src/reactor.c")};

TEST(HangOracle, AStopThatOutlivesItsLimitIsOneFinding) {
  JudgedRun run;
  run.HangAtStop(kJoining);
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("hang")));
  EXPECT_EQ(findings[0].title, "the target did not end within its limit");
  EXPECT_EQ(findings[0].signature, "hang: stop @ workers_fini < app_fini");
  EXPECT_EQ(findings[0].stack.front().function, "workers_fini");
}

TEST(HangOracle, AStopAfterTheStepsIsSeenToo) {
  JudgedRun run;
  run.HangAtStop(kJoining);
  run.result(4).status = StepResult::Status::kDone;
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("hang")));
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("2001 ms after the stop signal")));
}

TEST(HangOracle, AnRpcWithoutAnswerIsNamed) {
  JudgedRun run;
  run.result(2).status = StepResult::Status::kTimedOut;
  run.evidence.rpcs[0].outcome = RpcExchange::Outcome::kNoAnswer;
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("hang")));
  EXPECT_EQ(findings[0].title, "no answer to RPC framework_start_init within its limit");
  EXPECT_EQ(findings[0].step, 2);
}

TEST(HangOracle, AnRpcThatMayGoUnansweredIsNoHang) {
  JudgedRun run;
  std::get<RpcStep>(run.scenario.steps[1].action).expect = {
      {.kind = RpcExpectation::Kind::kNoAnswer, .value = {}, .code = {}, .message_pattern = ""}};
  run.result(2).status = StepResult::Status::kTimedOut;
  EXPECT_THAT(run.Judge(), IsEmpty());
}

TEST(HangOracle, ATargetThatIsNeverReadyHangsInItsStart) {
  JudgedRun run;
  run.result(1).status = StepResult::Status::kTimedOut;
  EXPECT_THAT(run.Judge().at(0).signature, HasSubstr("hang: start"));
}

TEST(HangOracle, AStopThatFollowsAHangIsTheSameFinding) {
  JudgedRun run;
  run.result(2).status = StepResult::Status::kTimedOut;
  run.HangAtStop(kPolling);
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].title, HasSubstr("framework_start_init"));
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("step 4")));
}

TEST(HangOracle, APollingThreadIsKnownByItsLastErrorAndNotByWhereItWasCaught) {
  JudgedRun first;
  first.Say("sock.c:12: *ERROR*: cannot allocate group 3");
  first.Say("still polling");
  first.HangAtStop(kPolling);
  JudgedRun second;
  second.Say("sock.c:14: *ERROR*: cannot allocate group 4");
  second.HangAtStop({At("poll_timers", "/src/timer.c"), kPolling[1]});
  EXPECT_EQ(first.Judge().at(0).signature,
            "hang: stop; sock.c: *ERROR*: cannot allocate group <n>");
  EXPECT_EQ(second.Judge().at(0).signature, first.Judge().at(0).signature);
}

TEST(HangOracle, WhatATargetSaysAfterItsLimitIsNoCause) {
  JudgedRun run;
  run.Say("sock.c:12: *ERROR*: cannot allocate group 3");
  run.HangAtStop(kPolling);
  const std::string signature = run.Judge().at(0).signature;
  run.Say("*ERROR*: failed to close fl0a1b2c3d4e5f");
  run.evidence.log.back().time_ms = 3500;
  EXPECT_EQ(run.Judge().at(0).signature, signature);
}

TEST(HangOracle, TellsWhatTheTargetLastDid) {
  JudgedRun run;
  run.step = 3;
  run.Inject("ring-create");
  run.evidence.points = {"dpdk/ring/create"};
  run.Call("io_device/unregister", 0x10, "iobuf");
  run.Call("io_device/register", 0x10);
  run.HangAtStop();
  const std::vector<std::string> details = run.Judge().back().details;
  EXPECT_THAT(details, Contains(HasSubstr("injected dpdk/ring/create")));
  EXPECT_THAT(details, Contains(HasSubstr("step 3, thread 1: io_device/register")));
}

TEST(HangOracle, SaysWhyThereAreNoStacks) {
  JudgedRun run;
  run.HangAtStop();
  run.evidence.threads.clear();
  run.evidence.threads_note = "ptrace was refused";
  EXPECT_THAT(run.Judge().at(0).details, Contains("no stacks: ptrace was refused"));
}

TEST(HangOracle, AnExpectedLogLineThatDidNotComeIsNoHang) {
  JudgedRun run;
  run.Add(ExpectLogStep{"done"}, "expect log /done/");
  run.result(5).status = StepResult::Status::kTimedOut;
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("expectation")));
}

}  // namespace
}  // namespace faultline
