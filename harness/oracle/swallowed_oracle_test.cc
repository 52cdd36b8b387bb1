#include <gmock/gmock.h>

#include "harness/oracle/testing/swallowed_fixture.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testkit::IsKind;
using testkit::JudgedRun;
using testkit::Swallowed;

TEST_F(Swallowed, IsAnEssentialObjectThatIsMissingWhileTheTargetClaimsSuccess) {
  Make(run_, {"iobuf"});
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("swallowed")));
  EXPECT_EQ(findings[0].title,
            "io_device `accel' is missing after a failure in step 2 (rpc framework_start_init)");
  EXPECT_EQ(findings[0].signature, "swallowed: io_device `accel' is missing");
  EXPECT_EQ(findings[0].stack.front().function, "accel_init");
  EXPECT_THAT(findings[0].caused_by, ElementsAre("device"));
}

// A hash of the stack that made it is nothing to read, and another one in the next build.
TEST_F(Swallowed, NamesAnObjectWithoutANameByWhoMadeIt) {
  Make(run_, {"iobuf", "accel"});
  ObjectGroup group;
  group.name = "io_device at 1f2e3d4c5b6a7988";
  group.made_by = "tcp_group_create < transport_poll_group_create";
  group.created = group.lasting = 1;
  described_.groups.insert(described_.groups.begin(), group);
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("swallowed")));
  EXPECT_EQ(findings[0].signature,
            "swallowed: io_device made by tcp_group_create < transport_poll_group_create is "
            "missing");
}

// What a program that runs to completion leaves is what it is for.
TEST_F(Swallowed, IsAFileThatAProgramThatRunsToCompletionDoesNotLeave) {
  Make(run_, {"iobuf", "accel"});
  run_.evidence.asked_to_stop = false;
  described_.left_behind = {"file ${run_dir}/result", "file ${run_dir}/tmp.k2h4"};
  run_.evidence.left_behind = {"file ${run_dir}/tmp.k2h4"};
  EXPECT_THAT(run_.Judge(), IsEmpty()) << "a daemon's files come and go";
  run_.profile.stop.kind = StopAction::Kind::kByItself;
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("swallowed")));
  EXPECT_THAT(findings[0].title, testing::StartsWith("exit 0 without file result after a failure"));
  run_.evidence.left_behind.push_back("file ${run_dir}/another");
  EXPECT_THAT(run_.Judge(), testing::Not(Contains(IsKind("swallowed"))))
      << "as many files, under names chosen at random";
  run_.evidence.left_behind.clear();
  run_.evidence.exit.code = 1;
  EXPECT_THAT(run_.Judge(), IsEmpty()) << "it does not claim success";
}

// A target with a protocol of its own answers the scenario's client, which prints it.
TEST_F(Swallowed, IsNoFailureOfWhichAClientWasTold) {
  Make(run_, {"iobuf"});
  run_.scenario.steps[1].action = CommandStep{{"client", "OPEN x"}};
  run_.evidence.rpcs.clear();
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("swallowed"))) << "it was told nothing";
  run_.result(2).printed = {"OPEN x -> ERR cannot allocate memory", "bye"};
  run_.result(2).said = "bye";
  EXPECT_THAT(run_.Judge(), IsEmpty()) << "it takes an error as an answer";
  run_.result(2).status = StepResult::Status::kUnmet;
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(Swallowed, IsAFailureOfWhichTheClientWasToldNothingNew) {
  Make(run_, {"iobuf"});
  run_.scenario.steps[1].action = CommandStep{{"client", "OPEN x"}};
  run_.evidence.rpcs.clear();
  run_.result(2).printed = {"GET nobody -> ERR not found", "OPEN x -> OK"};
  run_.result(2).said = "OPEN x -> OK";
  described_.lines.insert("GET nobody -> ERR not found");
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("swallowed")))
      << "fault-free runs print that line too";
  // What a later command finds wrong is no report by the target.
  run_.scenario.steps[2].action = CommandStep{{"check"}};
  run_.result(3).printed = {"error: x is missing"};
  run_.result(3).said = "error: x is missing";
  EXPECT_THAT(run_.Judge(), Contains(IsKind("swallowed")));
}

TEST_F(Swallowed, IsNothingThatDidNoHarm) {
  Make(run_, {"iobuf", "accel"});
  EXPECT_THAT(run_.Judge(), IsEmpty());
  run_.catalogue.observers[0].essential = false;
  run_.evidence.journal.records.clear();
  EXPECT_THAT(run_.Judge(), IsEmpty()) << "what is missing is no essential part";
}

TEST_F(Swallowed, IsNothingThatTheFaultFreeRunMakesForAMomentOnly) {
  JudgedRun fault_free;
  fault_free.step = 4;
  Make(fault_free, {"iobuf"});
  fault_free.step = 2;
  Make(fault_free, {"examined"});
  described_ = DescribeFaultFree(fault_free.evidence, fault_free.catalogue, fault_free.profile);
  Make(run_, {"iobuf"});
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(Swallowed, IsNothingThatMayHaveEscapedTheJournal) {
  Make(run_, {"iobuf"});
  run_.evidence.lost_records = 1;
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(Swallowed, NeedsAFault) {
  run_.evidence.injections.clear();
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(Swallowed, IsNothingThatAnAnswerTells) {
  run_.evidence.rpcs[0].outcome = RpcExchange::Outcome::kError;
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(Swallowed, IsNothingThatTheRequestToldAlthoughTheNextOfItsMethodSucceeds) {
  described_.answers = {{"create", RpcExchange::Outcome::kResult, true},
                        {"create", RpcExchange::Outcome::kResult, true}};
  RpcExchange& first = run_.evidence.rpcs[0];
  first.method = "create";
  first.step = 2;
  RpcExchange second = first;
  second.step = 3;
  run_.evidence.rpcs.push_back(second);
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("swallowed")));
  run_.evidence.rpcs[0].outcome = RpcExchange::Outcome::kError;
  EXPECT_THAT(run_.Judge(), IsEmpty());
  described_.answers[0].outcome = RpcExchange::Outcome::kError;
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("swallowed"))) << "it is refused anyway";
}

TEST_F(Swallowed, IsNothingThatTheExitCodeTells) {
  run_.evidence.exit.code = 1;
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(Swallowed, IsNothingThatTheLogReportsWhereTheLogIsAReport) {
  run_.Say("*ERROR*: no device", 2);
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("swallowed"))) << "this target's is none";
  run_.profile.error_lines = {"\\*ERROR\\*"};
  EXPECT_THAT(run_.Judge(), IsEmpty());
  described_.lines = {"*ERROR*: no device"};
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("swallowed"))) << "fault-free runs say it too";
}

TEST_F(Swallowed, IsNothingThatIsKnownToBeBenignForThatCaller) {
  run_.catalogue.benign.push_back(
      {.point = "point/of/*", .callers = {"other_init"}, .why = "", .position = {}});
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("swallowed")));
  run_.catalogue.benign[0].callers = {"accel_init"};
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(Swallowed, IsAnAnswerThatLacksWhatItHasInTheFaultFreeRun) {
  Make(run_, {"iobuf", "accel"});
  described_.answers = {{"framework_start_init", RpcExchange::Outcome::kResult,
                         nlohmann::json::parse(R"([{"name": "Malloc0"}])")}};
  run_.evidence.rpcs[0].answer = nlohmann::json::array();
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("swallowed")));
  EXPECT_EQ(findings[0].signature, "swallowed: the answer to framework_start_init lacks [<n>]");
  run_.evidence.rpcs[0].answer = described_.answers[0].answer;
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(Swallowed, IsASuccessWithoutWhatTheRequestAddsInTheFaultFreeRun) {
  Make(run_, {"iobuf", "accel"});
  described_.answers = {{"framework_start_init",
                         RpcExchange::Outcome::kResult,
                         true,
                         2,
                         {"get_groups has `tcp' now", "get_transports has `tcp' now"}}};
  RpcExchange& rpc = run_.evidence.rpcs[0];
  rpc.answer = true;
  rpc.changes = 1;
  rpc.added = {"get_transports has `tcp' now"};
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("swallowed")));
  EXPECT_EQ(findings[0].title,
            "framework_start_init reports success without its whole effect after a failure in step "
            "2 (rpc framework_start_init)");
  EXPECT_EQ(findings[0].signature,
            "swallowed: framework_start_init reports success without its whole effect @ "
            "accel_init");
  EXPECT_THAT(findings[0].details,
              Contains("after it in the fault-free run, but not here: get_groups has `tcp' now"));
  run_.evidence.exit.code = 1;
  run_.profile.error_lines = {"\\*ERROR\\*"};
  run_.Say("*ERROR*: no group", 3);
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("swallowed"))) << "that comes too late";
  run_.Say("*ERROR*: no group", 2);
  EXPECT_THAT(run_.Judge(), IsEmpty()) << "the log reports it";
  rpc.added.clear();
  EXPECT_EQ(run_.Judge().at(0).signature,
            "swallowed: framework_start_init reports success without its effect @ accel_init");
  run_.evidence.log.clear();
  rpc.added = {"get_transports has `tcp' now", "get_groups has `tcp' now"};
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(Swallowed, IsNoSuccessOfWhichTheEffectIsNotKnownOrIsOwedByAnotherStep) {
  Make(run_, {"iobuf", "accel"});
  described_.answers = {{"framework_start_init",
                         RpcExchange::Outcome::kResult,
                         true,
                         1,
                         {"get_groups has `tcp' now"}}};
  RpcExchange& rpc = run_.evidence.rpcs[0];
  rpc.answer = true;
  EXPECT_THAT(run_.Judge(), IsEmpty()) << "nobody looked";
  rpc.changes = 0;
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("swallowed")));
  run_.evidence.injections[0].step = 1;
  EXPECT_THAT(run_.Judge(), IsEmpty()) << "the call failed in the start";
}

// The error came out once, and was then taken back.
TEST_F(Swallowed, IsAResultWhereOnlyAnErrorIsTrue) {
  Make(run_, {"iobuf"});
  run_.evidence.exit.code = 1;
  std::get<RpcStep>(run_.scenario.steps[1].action).expect = {
      {.kind = RpcExpectation::Kind::kError, .value = {}, .code = {}, .message_pattern = ""}};
  run_.result(2).status = StepResult::Status::kUnmet;
  run_.result(2).detail = "expected an error, got a result";
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("swallowed"))) << "it explains the expectation";
  EXPECT_EQ(findings[0].signature, "swallowed: framework_start_init reports success");
  EXPECT_THAT(findings[0].details, Contains("expected an error, got a result"));
}

// The fault hit while the target started, in code that the request has nothing to do with.
TEST_F(Swallowed, NamesTheStepInWhichTheFaultHit) {
  Make(run_, {"iobuf"});
  run_.evidence.injections[0].step = 1;
  std::get<RpcStep>(run_.scenario.steps[1].action).expect = {
      {.kind = RpcExpectation::Kind::kError, .value = {}, .code = {}, .message_pattern = ""}};
  run_.result(2).status = StepResult::Status::kUnmet;
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("swallowed")));
  EXPECT_EQ(findings[0].title,
            "framework_start_init reports success after a failure in step 1 (wait until ready)");
  EXPECT_EQ(findings[0].signature, "swallowed: framework_start_init reports success @ accel_init");
}

TEST_F(Swallowed, IsAnExitWithTheCodeOfASuccessBeforeTheEnd) {
  run_.result(3).status = StepResult::Status::kTargetGone;
  run_.evidence.asked_to_stop = false;
  run_.evidence.injections[0].stack.push_back(testkit::At("subsystem_init", "/src/subsystem.c"));
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("swallowed"))) << "and no expectation beside it";
  EXPECT_EQ(findings[0].title, "exit 0 after a failure in step 2 (rpc framework_start_init)");
  EXPECT_EQ(findings[0].signature,
            "swallowed: exit 0 after a failure @ accel_init < subsystem_init");
  run_.evidence.injections[0].stack = {testkit::At("sock_init", "/src/sock.c")};
  EXPECT_NE(run_.Judge().at(0).signature, findings[0].signature) << "another thing that failed";
}

TEST_F(Swallowed, IsNoEarlyExitThatTellsOfTheFailureOrWasAskedFor) {
  run_.result(3).status = StepResult::Status::kTargetGone;
  run_.evidence.asked_to_stop = false;
  run_.evidence.exit.code = 1;
  EXPECT_THAT(run_.Judge(), IsEmpty());
  run_.evidence.exit.code = 0;
  run_.evidence.injections[0].action = "signal SIGTERM";
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("expectation"))) << "nothing failed";
}

TEST_F(Swallowed, OneCauseHasOneSignatureWhateverWasMadeToFail) {
  Make(run_, {"iobuf"});
  const std::string signature = run_.Judge().at(0).signature;
  for (int i = 0; i < 20; ++i) {
    run_.evidence.injections[0].point = "libc/memory/point" + std::to_string(i);
    run_.evidence.injections[0].stack = {testkit::At("helper" + std::to_string(i), "/src/h.c")};
    EXPECT_EQ(run_.Judge().at(0).signature, signature);
  }
  run_.evidence.journal.records.clear();
  Make(run_, {"accel"});
  EXPECT_NE(run_.Judge().at(0).signature, signature);
}
}  // namespace
}  // namespace faultline
