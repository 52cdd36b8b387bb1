#include <gmock/gmock.h>

#include "harness/oracle/ends_by_design.h"
#include "harness/oracle/testing/judged_run.h"

// Aborts on purpose, and those by which a target may end by design.
namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testkit::At;
using testkit::IsKind;
using testkit::JudgedRun;

TEST(AbortOnPurpose, AnAbortThatTheProfileAllowsEndsByDesignAndIsNothingElse) {
  JudgedRun run;
  run.scenario.tolerance = Tolerance::kMayFailCleanly;
  run.profile.deliberate_abort = {
      {.pattern = "^PANIC in", .allowed = true, .note = "why", .note_when = "version [67]"}};
  run.Say("version 6");
  run.Say("PANIC in rte_eal_init():");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("rte_eal_init", "/d/eal.c")});
  run.Inject("pipe");
  run.result(1).status = StepResult::Status::kTargetGone;
  run.evidence.rpcs.clear();
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind(kEndsByDesign)));
  EXPECT_THAT(findings[0].title, HasSubstr("rte_eal_init, after point/of/pipe failed"));
  EXPECT_EQ(findings[0].signature, "ends-by-design: panic @ rte_eal_init");
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("why")));
  run.evidence.log[0].text = "version 5";
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("crash"))) << "it is not allowed in this version";
  run.evidence.log[0].text = "version 6";
  run.profile.deliberate_abort[0].allowed = false;
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("crash")));
}

// Tempting: the line that announces an abort is there, so the abort is by design.
TEST(AbortOnPurpose, AnAssertionAfterAnAllowedLineIsADeathOfItsOwn) {
  JudgedRun run;
  run.profile.deliberate_abort = {{.pattern = "msg could not be enqueued", .allowed = true}};
  run.Say("send_msg: *ERROR*: msg could not be enqueued");
  run.Say("target: pool.c:20: pool_fini: Assertion `pool' failed.");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("pool_fini", "/src/pool.c")});
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("crash")));
  std::swap(run.evidence.log[0], run.evidence.log[1]);
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("crash"))) << "no ring is full in pool_fini";
}

TEST(AbortOnPurpose, SaysWhenTheAbortWasOnPurpose) {
  JudgedRun run;
  run.profile.deliberate_abort = {{.pattern = "PANIC in"}};
  run.Say("PANIC in rte_eal_init():");
  run.Say("Cannot init pipe");
  run.catalogue.abort_helpers = {"__rte_panic"};
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("__rte_panic", "/d/eal.c"),
                    At("rte_eal_init", "/d/eal.c"), At("main", "/src/main.c")});
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].title,
            "SIGABRT: panic: Cannot init pipe in rte_eal_init (a deliberate abort)");
  EXPECT_EQ(findings[0].signature, "crash: panic: Cannot init pipe @ rte_eal_init");
}

TEST(AbortOnPurpose, TitlesALineOfTheLogWithoutItsTime) {
  JudgedRun run;
  run.profile.deliberate_abort = {{.pattern = "msg could not be allocated"}};
  run.Say(
      "[2026-11-22 15:11:24.595940] thread.c:1444:send_msg: *ERROR*: msg could not be allocated");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("send_msg", "/src/thread.c")});
  EXPECT_EQ(run.Judge().at(0).title,
            "SIGABRT: msg could not be allocated in send_msg (a deliberate abort)");
}

// ---- Known by the failure, whatever the profile lists

// As SPDK's vhost_user_fini ends when it cannot start a thread.
JudgedRun AbortWhere(const std::string& met_by) {
  JudgedRun run;
  run.Say("[2026-11-29 06:11:07] rte_vhost_user.c:2009:user_fini: *ERROR*: no thread");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("user_fini", "/src/rte_vhost_user.c"),
                    At("fini", "/src/vhost.c")});
  run.Inject("thread");
  run.evidence.injections[0].stack = {At(met_by, "/src/any.c"), At("fini", "/src/vhost.c")};
  return run;
}

TEST(AbortOnPurpose, IsThatOfWhoMetTheFailure) {
  const std::vector<Finding> findings = AbortWhere("user_fini").Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("crash")));
  EXPECT_EQ(findings[0].title, "SIGABRT: no thread in user_fini (a deliberate abort)");
}

// Tempting: abort() is always called on purpose. Somebody else has met the failure, and what was
// seen here comes of that.
TEST(AbortOnPurpose, IsNotThatOfAnybodyElse) {
  const std::vector<Finding> findings = AbortWhere("lock_init").Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("crash")));
  EXPECT_THAT(findings[0].title, testing::Not(HasSubstr("deliberate")));
}

JudgedRun AssertIn(protocol::AgentState reached) {
  JudgedRun run;
  run.evidence.journal.agent_state = reached;
  run.Say("spdk_tgt: rpc.c:236: register_method: Assertion `m != NULL' failed.");
  run.Die(SIGABRT, {At("__assert_fail", "", "libc.so.6"), At("register_method", "/src/rpc.c"),
                    At("call_init", "", "ld-linux-x86-64.so.2")});
  run.Inject("calloc");
  run.evidence.injections[0].stack = {At("register_method", "/src/rpc.c")};
  return run;
}

TEST(AbortOnPurpose, IsAnAssertionOfAConstructor) {
  const std::vector<Finding> findings = AssertIn(protocol::AgentState::kReady).Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("crash")));
  EXPECT_EQ(findings[0].title,
            "SIGABRT: assertion `m != NULL' failed in register_method before main() (a deliberate "
            "abort)");
  EXPECT_EQ(findings[0].signature, "crash: assertion `m != NULL' failed @ register_method")
      << "the same bug as it always was";
  // Its next check, of the name, is the same error path.
  EXPECT_EQ(findings[0].cause,
            "register_method (rpc.c) ends the process when a call fails before main()");
  EXPECT_EQ(AssertIn(protocol::AgentState::kMainReached).Judge().at(0).cause, "");
}

// Tempting: the same assertion on the same failure. A release build goes on behind it.
TEST(AbortOnPurpose, IsNoAssertionBehindMain) {
  const std::vector<Finding> findings = AssertIn(protocol::AgentState::kMainReached).Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("crash")));
  EXPECT_EQ(findings[0].title, "SIGABRT: assertion `m != NULL' failed in register_method");
}

TEST(AbortOnPurpose, IsNoWildPointerOfAConstructor) {
  JudgedRun run;
  run.evidence.journal.agent_state = protocol::AgentState::kReady;
  run.Die(SIGSEGV, {At("register_method", "/src/rpc.c")});
  EXPECT_EQ(run.Judge().at(0).title, "SIGSEGV: wild pointer in register_method before main()");
}

}  // namespace
}  // namespace faultline
