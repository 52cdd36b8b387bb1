#include <gmock/gmock.h>

#include <set>

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

const Stack kSegfault = {At("__memset_avx2", "", "libc.so.6"), At("pool_fini", "/src/pool.c"),
                         At("app_fini", "/src/app.c"), At("main", "/src/main.c")};

TEST(CrashOracle, ACleanRunHasNoFinding) { EXPECT_THAT(JudgedRun().Judge(), IsEmpty()); }

TEST(CrashOracle, BlamesTheFirstFrameThatIsNotLibc) {
  JudgedRun run;
  run.Die(SIGSEGV, kSegfault);
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("crash")));
  EXPECT_EQ(findings[0].title, "SIGSEGV: wild pointer in pool_fini");
  EXPECT_EQ(findings[0].signature, "crash: SIGSEGV wild pointer @ pool_fini < app_fini");
  EXPECT_EQ(findings[0].stack.front().function, "pool_fini");
  EXPECT_EQ(findings[0].step, 4);
}

TEST(CrashOracle, NamesTheNearestKnownFunctionOfAStrippedLibrary) {
  JudgedRun run;
  run.Die(SIGSEGV, {At("pthread_cancel", "", "libc.so.6"), At("", "", "librte_eal.so.23"),
                    At("rte_eal_cleanup", "", "librte_eal.so.23"), At("main", "", "dpdk-testpmd")});
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].title, "SIGSEGV: wild pointer in rte_eal_cleanup");
  EXPECT_EQ(findings[0].signature, "crash: SIGSEGV wild pointer @ rte_eal_cleanup < main");
  EXPECT_EQ(findings[0].stack.front().module, "librte_eal.so.23");
}

TEST(CrashOracle, TellsAnAssertionWithItsText) {
  JudgedRun run;
  run.Say("target: pool.c:20: pool_fini: Assertion `pool' failed.");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("__assert_fail", "", "libc.so.6"),
                    At("pool_fini", "/src/pool.c"), At("app_fini", "/src/app.c")});
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].title, "SIGABRT: assertion `pool' failed in pool_fini");
  EXPECT_EQ(findings[0].signature, "crash: assertion `pool' failed @ pool_fini < app_fini");
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("pool.c:20")));
}

TEST(CrashOracle, AFunctionThatCannotBearItsOwnFailureIsOneBugWhoeverCallsIt) {
  JudgedRun run;
  run.Die(SIGSEGV, {At("pool_fini", "/src/pool.c"), At("app_fini", "/src/app.c")});
  run.evidence.injections.push_back({.fault = "one",
                                     .point = "libc/memory/calloc",
                                     .action = "fail",
                                     .stack = {At("grow", "/src/pool.c"), At("main", "/src/m.c")}});
  EXPECT_EQ(run.Judge().at(0).signature, "crash: SIGSEGV wild pointer @ pool_fini < app_fini");
  run.evidence.injections[0].stack.insert(run.evidence.injections[0].stack.begin(),
                                          At("pool_fini", "/src/pool.c"));
  EXPECT_EQ(run.Judge().at(0).signature, "crash: SIGSEGV wild pointer @ pool_fini");
  run.evidence.injections[0].action = "signal SIGTERM";
  EXPECT_EQ(run.Judge().at(0).signature, "crash: SIGSEGV wild pointer @ pool_fini < app_fini");
}

TEST(CrashOracle, WithoutANameItIsKnownByTheCallThatFailed) {
  const auto signature = [](const Stack& crash, const std::string& failed_in) {
    JudgedRun run;
    run.Die(SIGSEGV, crash);
    run.evidence.injections.push_back({.fault = "one",
                                       .point = "dpdk/mempool/create",
                                       .action = "fail",
                                       .stack = {At(failed_in, "/src/" + failed_in + ".c")}});
    return run.Judge().at(0).signature;
  };
  const Stack wild = {At("", "", ""), At("", "", "target")};
  EXPECT_EQ(signature(wild, "grow"),
            "crash: SIGSEGV wild pointer; a call failed: dpdk mempool create @ grow");
  EXPECT_EQ(signature(wild, "grow"), signature({}, "grow")) << "no stack could be taken";
  EXPECT_NE(signature(wild, "grow"), signature(wild, "shrink"));
}

TEST(CrashOracle, ADamagedHeapIsKnownByTheFailureAndNotByWhereItShows) {
  const auto signature = [](const std::string& said, const std::string& found_in) {
    JudgedRun run;
    run.Say(said);
    run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("malloc", "", "libc.so.6"),
                      At(found_in, "/src/any.c"), At("main", "/src/main.c")});
    run.evidence.injections.push_back(
        {.fault = "one",
         .point = "bdev/open",
         .action = "fail",
         .stack = {At("part_construct", "/src/part.c"), At("gpt_init", "/src/gpt.c")}});
    return run.Judge().at(0).signature;
  };
  const std::string late = signature("malloc_consolidate(): invalid chunk size", "accel_create");
  EXPECT_EQ(late, "crash: the heap is damaged; a call failed @ part_construct < gpt_init");
  EXPECT_EQ(signature("corrupted size vs. prev_size in fastbins", "parse_request"), late);
  // Here the second free itself is caught.
  EXPECT_THAT(signature("free(): double free detected in tcache 2", "pool_fini"),
              HasSubstr("@ pool_fini"));
}

TEST(CrashOracle, AnAssertionHasTheSameNameWithAndWithoutItsStack) {
  JudgedRun run;
  run.Say("target: pool.c:20: pool_fini: Assertion `pool' failed.");
  run.Die(SIGABRT);
  run.evidence.threads_note = "ptrace was refused";
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].title, "SIGABRT: assertion `pool' failed in pool_fini");
  EXPECT_EQ(findings[0].signature, "crash: assertion `pool' failed @ pool_fini");
  EXPECT_THAT(findings[0].details, Contains("no stack: ptrace was refused"));
}

TEST(CrashOracle, DyingOfASignalThatWasSentIsNoCrash) {
  JudgedRun asked;
  asked.scenario.tolerance = Tolerance::kMayFailCleanly;
  asked.result(3).status = StepResult::Status::kSkipped;  // the harness asks after the steps
  asked.Die(SIGTERM);
  EXPECT_THAT(asked.Judge(), IsEmpty());

  JudgedRun by_step;
  by_step.scenario.tolerance = Tolerance::kMayFailCleanly;
  std::get<SignalStep>(by_step.scenario.steps[2].action).signal = SIGINT;
  by_step.Die(SIGINT);
  EXPECT_THAT(by_step.Judge(), IsEmpty());

  JudgedRun by_fault;
  by_fault.scenario.tolerance = Tolerance::kMayFailCleanly;
  Fault fault;
  fault.id = "usr1";
  fault.action = Fault::Action::kSignal;
  fault.signal = SIGUSR1;
  by_fault.scenario.faults = {fault};
  by_fault.Inject("usr1", "signal SIGUSR1");
  by_fault.Die(SIGUSR1);
  EXPECT_THAT(by_fault.Judge(), IsEmpty());
}

TEST(CrashOracle, DyingOfTheStopSignalThatNobodySentIsACrash) {
  JudgedRun run;
  run.evidence.asked_to_stop = false;
  run.result(3).status = StepResult::Status::kSkipped;
  run.Die(SIGTERM);
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("crash")));
}

TEST(CrashOracle, ASkippedSignalStepSentNothing) {
  JudgedRun run;
  std::get<SignalStep>(run.scenario.steps[2].action).signal = SIGUSR2;
  run.result(2).status = StepResult::Status::kTargetGone;
  run.result(3).status = StepResult::Status::kSkipped;
  run.result(4).status = StepResult::Status::kSkipped;
  run.Die(SIGUSR2);
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("crash")));
  EXPECT_EQ(findings[0].step, 2);
}

TEST(CrashOracle, SaysWhenTheAbortWasOnPurpose) {
  JudgedRun run;
  run.profile.deliberate_abort = {{.pattern = "PANIC in"}};
  run.Say("PANIC in rte_eal_init():");
  run.Say("Cannot init pipe");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("__rte_panic", "/d/eal.c"),
                    At("rte_eal_init", "/d/eal.c"), At("main", "/src/main.c")});
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].title,
            "SIGABRT: panic: Cannot init pipe in rte_eal_init (a deliberate abort)");
  EXPECT_EQ(findings[0].signature, "crash: panic: Cannot init pipe @ rte_eal_init < main");
}

TEST(CrashOracle, TitlesALineOfTheLogWithoutItsTime) {
  JudgedRun run;
  run.profile.deliberate_abort = {{.pattern = "msg could not be allocated"}};
  run.Say(
      "[2026-11-22 15:11:24.595940] thread.c:1444:send_msg: *ERROR*: msg could not be allocated");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("send_msg", "/src/thread.c")});
  EXPECT_EQ(run.Judge().at(0).title,
            "SIGABRT: thread.c:send_msg: *ERROR*: msg could not be allocated in send_msg (a "
            "deliberate abort)");
}

TEST(CrashOracle, TwentyFaultsWithOneCauseGiveOneSignature) {
  std::set<std::string> signatures;
  for (int i = 0; i < 20; ++i) {
    JudgedRun run;
    run.Inject("fault-" + std::to_string(i));
    Stack stack = kSegfault;
    stack[1].line = 10 + i;
    stack[1].offset = 0x1000u * static_cast<unsigned>(i);
    stack.resize(3 + static_cast<size_t>(i) % 2);
    run.Die(SIGSEGV, stack);
    signatures.insert(run.Judge().at(0).signature);
  }
  EXPECT_THAT(signatures, SizeIs(1));
}

// Whether the stack ends in send_error or in what it was just calling is the environment's size.
TEST(CrashOracle, AStackOverflowIsKnownByItsRecursionWhereverTheStackEnds) {
  std::set<std::string> signatures;
  for (const Stack& end : std::vector<Stack>{{},
                                             {At("write_int", "/src/json.c")},
                                             {At("end_answer", "/src/rpc.c")},
                                             {At("memcpy", "", "libc.so.6")}}) {
    Stack stack = end;
    while (stack.size() < 150) {
      stack.push_back(At("send_error", "/src/rpc.c"));
      stack.push_back(At("end_answer", "/src/rpc.c"));
    }
    JudgedRun run;
    // The failed call lies within the recursion or beside it, as it comes.
    run.evidence.injections.push_back(
        {.fault = "no memory",
         .point = "libc/memory/realloc",
         .action = "fail",
         .stack = signatures.empty() ? Stack{At("grow", "/src/json.c")} : stack});
    run.Die(SIGSEGV, stack);
    const Finding finding = run.Judge().at(0);
    signatures.insert(finding.signature);
    EXPECT_EQ(finding.title, "SIGSEGV: stack overflow in end_answer");
  }
  EXPECT_THAT(signatures, ElementsAre("crash: SIGSEGV stack overflow @ end_answer"));
}

}  // namespace
}  // namespace faultline
