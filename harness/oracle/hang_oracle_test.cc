#include <gmock/gmock.h>

#include "harness/oracle/signature.h"
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
  EXPECT_EQ(findings[0].title, "the target did not end within its limit: blocked in workers_fini");
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

// Two hangs of one scenario are told apart by it; one that is known hides no other. Tempting: the
// first of the requests, which was answered.
TEST(HangOracle, OfRequestsInOneWriteTheOneWithoutAnswerIsNamed) {
  JudgedRun run;
  PipelineStep pipeline;
  pipeline.requests.resize(2);
  pipeline.requests[0].method = "bdev_resize";
  pipeline.requests[1].method = "bdev_delete";
  run.scenario.steps[1].action = pipeline;
  run.result(2).status = StepResult::Status::kTimedOut;
  run.evidence.rpcs.assign(2, run.evidence.rpcs[0]);
  run.evidence.rpcs[0].method = "bdev_resize";
  run.evidence.rpcs[1].method = "bdev_delete";
  run.evidence.rpcs[1].outcome = RpcExchange::Outcome::kNoAnswer;
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("hang")));
  EXPECT_EQ(findings[0].title,
            "no answer to bdev_delete of 2 requests in one write within the limit");
  EXPECT_THAT(findings[0].signature,
              testing::StartsWith("hang: answer to bdev_delete of requests in one write"));
}

// Tempting: the step that is next, whose request would not be answered either.
TEST(HangOracle, ATargetThatNoLongerTellsItsStateHangsAfterTheStepThatFailed) {
  JudgedRun run;
  StepResult& failed = run.result(2);
  failed.status = StepResult::Status::kTimedOut;
  failed.silent_probe = "bdev_get_bdevs";
  run.result(3).status = StepResult::Status::kTimedOut;
  std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("hang")));
  EXPECT_THAT(findings[0].title,
              testing::StartsWith("no answer to RPC bdev_get_bdevs, which tells the target's "
                                  "state, after step 2 ("));
  EXPECT_THAT(findings[0].signature, testing::StartsWith("hang: answer to bdev_get_bdevs"));
  EXPECT_EQ(findings[0].step, 2);

  failed.silent_before = true;
  findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("hang")));
  EXPECT_THAT(findings[0].title, HasSubstr("before step 2 ("));
}

TEST(HangOracle, AnRpcThatMayGoUnansweredIsNoHang) {
  JudgedRun run;
  std::get<RpcStep>(run.scenario.steps[1].action).expect = {
      {.kind = RpcExpectation::Kind::kNoAnswer, .value = {}, .code = {}, .message_pattern = ""}};
  run.result(2).status = StepResult::Status::kTimedOut;
  EXPECT_THAT(run.Judge(), IsEmpty());
  run.result(2).silent_probe = "bdev_get_bdevs";
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

TEST(HangOracle, APollingThreadIsKnownByItsLastErrorWhereNothingFailedAndNotByWhereItWasCaught) {
  JudgedRun first;
  first.Say("sock.c:12: *ERROR*: cannot allocate group 3");
  first.Say("still polling");
  first.HangAtStop(kPolling);
  JudgedRun second;
  second.Say("sock.c:14: *ERROR*: cannot allocate group 4");
  second.HangAtStop({At("poll_timers", "/src/timer.c"), kPolling[1]});
  EXPECT_EQ(first.Judge().at(0).signature, "hang: stop; cannot allocate group <n>");
  EXPECT_EQ(second.Judge().at(0).signature, first.Judge().at(0).signature);
  EXPECT_EQ(first.Judge().at(0).title,
            "the target did not end within its limit: cannot allocate group 3");
}

TEST(HangOracle, WhoReceivesWithoutWaitingPollsToo) {
  const Stack receiving = {At("recvmsg", "", "libc.so.6"), At("sock_readv", "/src/sock.c")};
  JudgedRun polls;
  polls.Say("sock.c:12: *ERROR*: cannot allocate group 3");
  polls.HangAtStop(receiving);
  EXPECT_EQ(polls.Judge().at(0).signature, "hang: stop; cannot allocate group <n>");
  JudgedRun waits;
  waits.Say("sock.c:12: *ERROR*: cannot allocate group 3");
  waits.HangAtStop(receiving);
  waits.result(4).wait.ran_ms = 12;
  EXPECT_EQ(waits.Judge().at(0).signature, "hang: stop @ sock_readv");
}

// As for crashes: a warning is no error, whatever it says, and what fault-free runs say is
// nobody's.
TEST(HangOracle, ItsLastErrorIsReadAsThatOfACrash) {
  JudgedRun run;
  run.Say("sock.c:12: *ERROR*: no memory for group 3");
  run.Say("app.c:1: *WARNING*: failed to set the clock");
  run.Say("app.c:2: *ERROR*: cannot read the optional file");
  run.HangAtStop(kPolling);
  FaultFreeRun fault_free;
  fault_free.lines = {NormaliseMessage("app.c:2: *ERROR*: cannot read the optional file")};
  run.fault_free = &fault_free;
  EXPECT_EQ(run.Judge().at(0).signature, "hang: stop; no memory for group <n>");
}

// Of many failures the last line is a generic one.
TEST(HangOracle, AHangAfterAFailureIsKnownByWhoMetItAndNotByTheLastLine) {
  const auto judge = [](const std::string& caller, const std::string& said) {
    JudgedRun run;
    run.Inject("message", "fail");
    run.evidence.injections[0].point = "spdk/thread/send_msg";
    run.evidence.injections[0].stack = {At(caller, "/src/" + caller + ".c"),
                                        At("msg_queue_run_batch", "/src/thread.c")};
    run.Say(said);
    run.HangAtStop(kPolling);
    return run.Judge().at(0);
  };
  const Finding one = judge("bdev_finish", "poller_register: *ERROR*: Poller memory failed");
  EXPECT_EQ(one.signature, "hang: stop; after a failed call in bdev_finish");
  EXPECT_EQ(one.title,
            "the target did not end within its limit: spdk/thread/send_msg had failed in "
            "bdev_finish");
  EXPECT_THAT(one.details, Contains(HasSubstr("Poller memory failed")));
  EXPECT_EQ(judge("bdev_finish", "nothing").signature, one.signature);
  EXPECT_NE(judge("nvmf_finish", "poller_register: *ERROR*: Poller memory failed").signature,
            one.signature);
}

// A poller that could not be had is missed where its work is waited for: by an RPC, or by the stop.
TEST(HangOracle, OfOneFunctionThatGoesOnAfterAFailureHaveOneCause) {
  const auto fail = [](JudgedRun& run) {
    run.Inject("calloc", "fail");
    // What makes pools tells its callers that it failed: it is not the one that goes on.
    run.evidence.injections[0].stack = {
        At("alloc_pool", "/src/pool.c"), At("rt_mempool_create", "/src/pool.c"),
        At("wait_for_examine", "/src/bdev.c"), At("main", "/src/main.c")};
  };
  JudgedRun stop;
  fail(stop);
  stop.HangAtStop(kPolling);
  JudgedRun answer;
  fail(answer);
  answer.evidence.rpcs[0].outcome = RpcExchange::Outcome::kNoAnswer;
  answer.result(2).status = StepResult::Status::kTimedOut;
  const Finding at_stop = stop.Judge().at(0);
  const Finding at_answer = answer.Judge().at(0);
  EXPECT_EQ(at_stop.cause, "wait_for_examine (bdev.c) mishandles a failed call");
  EXPECT_EQ(at_answer.cause, at_stop.cause);
  EXPECT_NE(at_answer.signature, at_stop.signature);
}

// A function that passes failures on may call the one that goes on after it.
TEST(HangOracle, WhoCalledAFunctionThatFailedAsAWholeHasMetTheFailure) {
  JudgedRun run;
  FaultPoint poller;
  poller.name = "poller/register";
  poller.symbols = {"poller_register"};
  poller.kind = FaultPoint::Kind::kDerived;
  run.catalogue.points.push_back(poller);
  run.Inject("poller", "fail");
  run.evidence.injections[0].point = poller.name;
  run.evidence.injections[0].stack = {At("wait_for_examine", "/src/bdev.c"),
                                      At("rt_mempool_create", "/src/pool.c"),
                                      At("create_disk", "/src/bdev.c"), At("main", "/src/main.c")};
  run.HangAtStop(kPolling);
  EXPECT_EQ(run.Judge().at(0).cause, "wait_for_examine (bdev.c) mishandles a failed call");
}

TEST(HangOracle, AfterAFailureThatWasReportedNobodyIgnoredIt) {
  JudgedRun run;
  run.Inject("ring", "fail");
  run.evidence.injections[0].stack = {At("init", "/src/iobuf.c"), At("main", "/src/main.c")};
  run.evidence.rpcs[0].outcome = RpcExchange::Outcome::kError;
  run.scenario.tolerance = Tolerance::kMayFailCleanly;
  run.HangAtStop(kPolling);
  EXPECT_EQ(run.Judge().at(0).cause, "");
}

TEST(HangOracle, WhatIsTriedForEverIsNamed) {
  JudgedRun run;
  run.Inject("bind", "fail");
  run.evidence.injections[0].point = "libc/socket/bind";
  run.evidence.injections[0].stack = {At("telemetry_init", "/src/telemetry.c"),
                                      At("eal_init", "/src/eal.c")};
  run.result(1).status = StepResult::Status::kTimedOut;
  run.result(1).wait = {.for_what = "the target to be ready",
                        .limit_ms = 3'000,
                        .most_ms = 20'000,
                        .took_ms = 20'001,
                        .got_on = true,
                        .progress = "libc/socket/bind was made to fail 4711 times",
                        .retried = "libc/socket/bind",
                        .retries = 4'711};
  run.HangAtStop(kJoining);  // blocked elsewhere later
  const Finding finding = run.Judge().at(0);
  EXPECT_EQ(finding.title,
            "the target was not ready within its limit: still retrying libc/socket/bind after "
            "20001 ms (4711 calls)");
  EXPECT_EQ(finding.signature,
            "hang: start; still retrying libc/socket/bind @ telemetry_init < eal_init");
  EXPECT_EQ(finding.stack.front().function, "telemetry_init");
}

TEST(HangOracle, SaysTheLimitAsItWasAndWhatTheTargetGotMeanwhile) {
  JudgedRun run;
  run.HangAtStop(kJoining);
  const std::vector<std::string> details = run.Judge().at(0).details;
  EXPECT_THAT(details, Contains("step 4 (wait for the exit): waited 2001 ms for the target to end; "
                                "the limit is 2000 ms (from its fault-free run)"));
  EXPECT_THAT(details, Contains("meanwhile its threads had 1900 ms of CPU time and waited 3 ms for "
                                "a CPU"));
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

TEST(HangOracle, NothingFailedWhereASignalWasSent) {
  JudgedRun run;
  run.Inject("message", "signal SIGTERM");
  run.evidence.injections[0].stack = {At("bdev_finish", "/src/bdev.c")};
  run.HangAtStop(kPolling);
  EXPECT_EQ(run.Judge().at(0).signature, "hang: stop");
}
}  // namespace
}  // namespace faultline
