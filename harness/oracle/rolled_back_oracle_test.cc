#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testkit::At;
using testkit::IsKind;
using testkit::JudgedRun;
using Outcome = RpcExchange::Outcome;

constexpr int kCreate = 5;
constexpr int kDelete = 6;

// Ready, started; then a disk is made, which fails under a fault, and is deleted. What the
// fault-free run answers, and how much that changes, is beside it.
class DiskRun : public JudgedRun {
 public:
  DiskRun() {
    AddRpc("create", kCreate, Outcome::kError, {{"code", -12}, {"message", "no memory"}});
    AddRpc("delete", kDelete, Outcome::kResult, true);
    scenario.tolerance = Tolerance::kMayFailCleanly;
    result(kCreate).status = StepResult::Status::kUnmet;
    Injection injection;
    injection.fault = "site";
    injection.action = "fail";
    injection.point = "libc/memory/calloc";
    injection.step = kCreate;
    injection.stack = {At("disk_create", "/src/disk.c"), At("rpc_create", "/src/rpc.c")};
    evidence.injections = {injection};
    model_.answers = {{"framework_start_init", Outcome::kResult, true, 0},
                      {"create", Outcome::kResult, "disk", 1},
                      {"delete", Outcome::kResult, true, 1}};
    fault_free = &model_;
    RollbackCheck& check = evidence.rollback_checks.emplace_back();
    check.step = kCreate;
    check.method = "create";
    check.error = evidence.rpcs.at(1).answer;
    check.again = Answer("create", kCreate, Outcome::kResult, "disk");
    check.again->changes = 1;
    check.met = true;
  }

  RollbackCheck& check() { return evidence.rollback_checks.front(); }
  void AnswerAgain(Outcome outcome, const nlohmann::json& answer) {
    check().again->outcome = outcome;
    check().again->answer = answer;
    check().met = outcome == Outcome::kResult;
  }

  FaultFreeRun model_;

 private:
  static RpcExchange Answer(const std::string& method, int step, Outcome outcome,
                            const nlohmann::json& answer) {
    RpcExchange rpc;
    rpc.step = step;
    rpc.method = method;
    rpc.outcome = outcome;
    rpc.answer = answer;
    return rpc;
  }
  void AddRpc(const std::string& method, int step, Outcome outcome, const nlohmann::json& answer) {
    RpcStep action;
    action.method = method;
    Add(action, "rpc " + method);
    evidence.rpcs.push_back(Answer(method, step, outcome, answer));
  }
};

StateChange Added(const std::string& path) {
  return {StateChange::Kind::kAdded, "get_disks", path, nullptr, {{"size", 1}}};
}

TEST(RolledBackOracle, AFailedRequestThatLeavesNothingIsNoFinding) {
  DiskRun run;
  EXPECT_THAT(run.Judge(), IsEmpty());
}

TEST(RolledBackOracle, AnObjectThatStaysIsToldWithWhoMetTheFailure) {
  DiskRun run;
  run.check().changes = {Added("disk7")};
  run.AnswerAgain(Outcome::kError, {{"code", -17}, {"message", "File exists"}});
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("not-rolled-back")));
  EXPECT_EQ(findings[0].title, "create fails and leaves `disk7' in get_disks");
  EXPECT_EQ(findings[0].signature,
            "not-rolled-back: create fails and adds to get_disks @ disk_create < rpc_create");
  EXPECT_EQ(findings[0].object, "disk7");
  EXPECT_EQ(findings[0].step, kCreate);
  EXPECT_THAT(findings[0].caused_by, ElementsAre("site"));
  EXPECT_THAT(findings[0].details, Contains("get_disks has `disk7' now"));
  EXPECT_THAT(findings[0].details, Contains("sent again without the fault: File exists"));
}

TEST(RolledBackOracle, WhatIsTakenAndWhatIsChangedIsToldToo) {
  DiskRun run;
  run.check().changes = {{StateChange::Kind::kRemoved, "get_disks", "disk7", 1, nullptr}};
  EXPECT_EQ(run.Judge().at(0).title, "create fails and takes `disk7' from get_disks");
  run.check().changes = {{StateChange::Kind::kChanged, "get_disks", "disk7.claimed", false, true}};
  const Finding changed = run.Judge().at(0);
  EXPECT_EQ(changed.title, "create fails and changes `disk7.claimed' of get_disks");
  EXPECT_THAT(changed.signature, HasSubstr("changes claimed of get_disks"));
}

TEST(RolledBackOracle, ANameThatStaysTakenIsSeenByTheSecondAnswer) {
  DiskRun run;
  run.AnswerAgain(Outcome::kError, {{"code", -17}, {"message", "File exists"}});
  EXPECT_EQ(run.Judge().at(0).title, "create fails and cannot be sent again: File exists");
  run.AnswerAgain(Outcome::kNoAnswer, nullptr);
  EXPECT_EQ(run.Judge().at(0).title, "create fails and cannot be sent again: no answer");
}

TEST(RolledBackOracle, ASecondSuccessWithoutEffectIsNone) {
  DiskRun run;
  run.check().again->changes = 0;
  EXPECT_EQ(run.Judge().at(0).title,
            "create fails and cannot be sent again: success without effect");
}

TEST(RolledBackOracle, WhatChangesNothingInTheFaultFreeRunNeedNotChangeAnything) {
  DiskRun run;
  run.check().again->changes = 0;
  run.model_.answers[1].changes = 0;
  EXPECT_THAT(run.Judge(), IsEmpty());
  run.model_.answers[1].changes.reset();  // nobody looked
  EXPECT_THAT(run.Judge(), IsEmpty());
}

TEST(RolledBackOracle, ARequestThatTheFaultFreeRunRefusesTooNeedNotSucceed) {
  DiskRun run;
  run.model_.answers[1].outcome = Outcome::kError;
  run.AnswerAgain(Outcome::kError, {{"code", -22}, {"message", "Invalid argument"}});
  EXPECT_THAT(run.Judge(), IsEmpty());
}

TEST(RolledBackOracle, ARequestThatMayFailInTheFaultFreeRunIsLeftToTheStepWithoutOne) {
  DiskRun run;
  run.fault_free = nullptr;
  run.AnswerAgain(Outcome::kError, {{"message", "no such device"}});
  run.check().met = true;  // the step accepts an error
  EXPECT_THAT(run.Judge(), IsEmpty());
  run.check().met = false;
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("not-rolled-back")));
}

TEST(RolledBackOracle, AScenarioThatDoesNotGoOnAsInTheFaultFreeRunIsAFinding) {
  DiskRun run;
  run.evidence.rpcs.back().outcome = Outcome::kError;
  run.evidence.rpcs.back().answer = {{"message", "Device or resource busy"}};
  run.result(kDelete).status = StepResult::Status::kUnmet;
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("not-rolled-back")));
  EXPECT_EQ(findings[0].title,
            "create fails and succeeds when sent again, but then delete fails: Device or resource "
            "busy");
}

TEST(RolledBackOracle, ALaterFailureThatAnotherFaultBringsAboutIsNone) {
  DiskRun run;
  run.evidence.rpcs.back().outcome = Outcome::kError;
  run.result(kDelete).status = StepResult::Status::kUnmet;
  run.evidence.injections.push_back(run.evidence.injections.front());
  run.evidence.injections.back().step = kDelete;
  EXPECT_THAT(run.Judge(), IsEmpty());
}

TEST(RolledBackOracle, ARequestThatWasNotSentAgainIsJudgedByTheStateAlone) {
  DiskRun run;
  run.check().again.reset();
  EXPECT_THAT(run.Judge(), IsEmpty());
  run.check().changes = {Added("disk7")};
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("not-rolled-back")));
}

TEST(RolledBackOracle, AFailureThatLosesOnlyTheAnswerNeedNotBeUndone) {
  DiskRun run;
  run.check().changes = {Added("disk7")};
  CallPattern& benign = run.catalogue.benign.emplace_back();
  benign.point = "libc/*";
  benign.callers = {"rpc_create"};
  EXPECT_THAT(run.Judge(), IsEmpty());
  benign.callers = {"rpc_answer"};
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("not-rolled-back")));
}

TEST(RolledBackOracle, ARefusedRequestIsToldAsRefused) {
  DiskRun run;
  run.evidence.injections.clear();
  run.scenario.faults.clear();
  run.check().again.reset();
  run.check().changes = {Added("disk7")};
  const Finding finding = run.Judge().at(0);
  EXPECT_EQ(finding.title, "create is refused and leaves `disk7' in get_disks");
  EXPECT_THAT(finding.caused_by, IsEmpty());
}

TEST(RolledBackOracle, TheDeathOfTheTargetIsAnotherOraclesMatter) {
  DiskRun run;
  run.AnswerAgain(Outcome::kGone, nullptr);
  run.Die(SIGSEGV, {At("disk_create", "/src/disk.c")});
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("crash")));
}

}  // namespace
}  // namespace faultline
