#include "harness/oracle/silent_failure.h"

#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using testkit::At;
using testkit::JudgedRun;

class SilentRun : public JudgedRun {
 public:
  SilentRun() {
    profile.error_lines = {"ERROR"};
    Injection injection;
    injection.fault = "site";
    injection.action = "fail";
    injection.point = "libc/memory/strdup";
    injection.step = 2;
    injection.stack = {At("opc_assign", "/src/accel.c")};
    evidence.injections = {injection};
    model_.answers = {{"framework_start_init", RpcExchange::Outcome::kResult, true, 2}};
    fault_free = &model_;
  }
  std::optional<SilentFailure> Find() const {
    return FindSilentFailure(evidence, {scenario, profile, catalogue, fault_free});
  }
  FaultFreeRun model_;
};

TEST(SilentFailure, NamesTheFunctionThatWentOn) {
  const std::optional<SilentFailure> silent = SilentRun().Find();
  ASSERT_TRUE(silent);
  EXPECT_EQ(silent->function, "opc_assign");
  EXPECT_EQ(silent->point, "libc/memory/strdup");
  EXPECT_EQ(silent->lacking_request, "");
  EXPECT_FALSE(silent->tried_again);
}

TEST(SilentFailure, IsNoneOnceSomebodyWasTold) {
  SilentRun by_log;
  by_log.Say("ERROR: no memory");
  EXPECT_FALSE(by_log.Find());
  SilentRun by_answer;
  by_answer.evidence.rpcs[0].outcome = RpcExchange::Outcome::kError;
  EXPECT_FALSE(by_answer.Find());
}

TEST(SilentFailure, AnErrorThatFaultFreeRunsWriteTooTellsNothing) {
  SilentRun run;
  run.Say("ERROR: no such file");
  run.model_.lines = {"ERROR: no such file"};
  EXPECT_TRUE(run.Find());
}

TEST(SilentFailure, NamesTheRequestThatChangedLessThanInTheFaultFreeRun) {
  SilentRun run;
  run.evidence.rpcs[0].changes = 1;
  EXPECT_EQ(run.Find()->lacking_request, "framework_start_init");
  run.evidence.rpcs[0].changes = 2;
  EXPECT_EQ(run.Find()->lacking_request, "");
}

TEST(SilentFailure, WhatTheCatalogueCallsBenignIsNone) {
  SilentRun run;
  run.catalogue.benign.emplace_back().point = "libc/memory/strdup";
  EXPECT_FALSE(run.Find());
}

}  // namespace
}  // namespace faultline
