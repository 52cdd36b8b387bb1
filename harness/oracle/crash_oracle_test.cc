#include <gmock/gmock.h>

#include <set>

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

// What a pointer to freed memory leads to is chance, so that it is no part of the signature.
TEST(CrashOracle, TellsWhichKindOfPointerItWasButKnowsTheBugWithoutIt) {
  using Reason = BadAccess::Reason;
  const auto judge = [](std::optional<BadAccess> access, int signal = SIGSEGV) {
    JudgedRun run;
    run.Die(signal, kSegfault);
    run.evidence.threads[0].bad_access = access;
    return run.Judge().at(0);
  };
  const Finding null = judge(BadAccess{Reason::kNotMapped, 0x18});
  EXPECT_EQ(null.title, "SIGSEGV: wild pointer (null) in pool_fini");
  EXPECT_THAT(null.details, Contains("it accessed address 0x18"));
  EXPECT_EQ(null.signature, "crash: SIGSEGV wild pointer @ pool_fini < app_fini");

  EXPECT_EQ(judge(BadAccess{Reason::kNotMapped, 0x30b9}).title,
            "SIGSEGV: wild pointer in pool_fini")
      << "far for a member, and odd: of a freed object";
  const Finding wild = judge(BadAccess{Reason::kNotMapped, 0x7f0000001000});
  EXPECT_EQ(wild.title, "SIGSEGV: wild pointer in pool_fini");
  EXPECT_THAT(wild.details, Contains("it accessed address 0x7f0000001000"));
  EXPECT_EQ(wild.signature, null.signature);

  EXPECT_EQ(judge(BadAccess{Reason::kNotMapped, ~uint64_t{0}}).title,
            "SIGSEGV: wild pointer (null, or an error value such as MAP_FAILED) in pool_fini");
  EXPECT_EQ(judge(BadAccess{Reason::kNotPermitted, 0x1000000}).title,
            "SIGSEGV: forbidden access to mapped memory in pool_fini");
  EXPECT_EQ(judge(BadAccess{Reason::kNoPage, 0x1000000}, SIGBUS).title,
            "SIGBUS: no page behind mapped memory in pool_fini");
  EXPECT_EQ(judge(BadAccess{Reason::kSent}).title, "SIGSEGV: sent by a process in pool_fini");
  // A pattern of MALLOC_PERTURB_ is no address, and the processor does not say which it was.
  EXPECT_EQ(judge(BadAccess{}).title, "SIGSEGV: wild pointer in pool_fini");
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

// SPDK's handler of SIGTERM, which sends a message to a thread that the target's end has freed.
TEST(CrashOracle, ACrashInTheHandlerOfTheStopSignalIsToldAsOne) {
  JudgedRun run;
  run.Die(SIGSEGV, {At("send_msg", "/src/thread.c"), At("on_sigterm", "/src/app.c"),
                    At("__restore_rt", "", "libc.so.6"), At("", "", "librte_mempool.so.23"),
                    At("pool_free", "/src/pool.c"), At("main", "/src/main.c")});
  run.evidence.asked_to_stop = true;
  EXPECT_EQ(run.Judge().at(0).title,
            "SIGSEGV: wild pointer in send_msg, in a signal handler that interrupted pool_free");
  EXPECT_EQ(run.Judge().at(0).signature, "crash: SIGSEGV wild pointer @ send_msg < on_sigterm")
      << "when the signal came is chance";
  run.evidence.asked_to_stop = false;
  EXPECT_EQ(run.Judge().at(0).title, "SIGSEGV: wild pointer in send_msg")
      << "some signal of the target's own";
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

// Where it died is one half of the story, who met the failure the other.
TEST(CrashOracle, ATitleNamesWhereItDiedAndWhoMetTheFailure) {
  JudgedRun run;
  run.catalogue.points.emplace_back().symbols = {"poll_group_create"};
  run.Say("target: subsystem.c:146: init_next: Assertion `is_app_thread()' failed.");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("init_next", "/src/subsystem.c"),
                    At("create_done", "/src/tgt.c")});
  run.evidence.injections.push_back(
      {.fault = "one",
       .point = "libc/memory/calloc",
       .action = "fail",
       .stack = {At("poll_group_create", "/src/nvmf.c"), At("tgt_create_group", "/src/tgt.c")}});
  EXPECT_EQ(run.Judge().at(0).title,
            "SIGABRT: assertion `is_app_thread()' failed in init_next, after libc/memory/calloc "
            "failed below tgt_create_group");
  run.evidence.injections[0].stack[1] = At("init_next", "/src/subsystem.c");
  EXPECT_EQ(run.Judge().at(0).title, "SIGABRT: assertion `is_app_thread()' failed in init_next")
      << "once is enough";
  run.evidence.injections[0].stack[1] = At("tgt_create_group", "/src/tgt.c");
  run.evidence.injections[0].action = "signal SIGTERM";
  EXPECT_EQ(run.Judge().at(0).title, "SIGABRT: assertion `is_app_thread()' failed in init_next")
      << "nothing failed";
}

TEST(CrashOracle, AnAssertionThatSaysNothingIsTitledWithTheErrorBeforeIt) {
  JudgedRun run;
  run.Say("reactor.c: 219:reactor_construct: *ERROR*: Failed to allocate events ring");
  run.Say("spdk_tgt: reactor.c:220: reactor_construct: Assertion `false' failed.");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("reactor_construct", "/src/reactor.c")});
  EXPECT_EQ(run.Judge().at(0).title,
            "SIGABRT: assertion `false' failed in reactor_construct: Failed to allocate events "
            "ring");
  EXPECT_EQ(run.Judge().at(0).signature, "crash: assertion `false' failed @ reactor_construct");
  run.evidence.log[0].text = "other.c: 1:other: *ERROR*: Failed to allocate a pool";
  EXPECT_EQ(run.Judge().at(0).title, "SIGABRT: assertion `false' failed in reactor_construct");
}

TEST(CrashOracle, AnInlineFunctionOfAHeaderIsToldWithItsCaller) {
  JudgedRun run;
  run.Say("spdk_tgt: thread.h:757: get_ctx: Assertion `false' failed.");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("get_ctx", "/inc/thread.h"),
                    At("init_thread", "/src/iscsi.c")});
  EXPECT_EQ(run.Judge().at(0).title,
            "SIGABRT: assertion `false' failed in get_ctx, called by init_thread");
}

TEST(CrashOracle, ACallThroughANullPointerIsItsCallers) {
  JudgedRun run;
  run.Die(
      SIGSEGV,
      {{"", "", 0, std::string(kNoCode), 0}, At("poll", "/src/poll.c"), At("main", "/src/main.c")});
  const Finding finding = run.Judge().at(0);
  EXPECT_EQ(finding.title, "SIGSEGV: null function pointer called in poll");
  EXPECT_EQ(finding.signature, "crash: SIGSEGV null function pointer called @ poll < main");
  EXPECT_EQ(finding.stack.front().function, "poll");
  run.evidence.threads[0].frames[0].offset = 0x7fff1234;
  EXPECT_EQ(run.Judge().at(0).title, "SIGSEGV: wild function pointer called in poll");
}

TEST(CrashOracle, AnAbortIsTitledByTheErrorBeforeIt) {
  JudgedRun run;
  FaultFreeRun fault_free;
  fault_free.lines = {NormaliseMessage("[2026-01-02 20:21:22.1] *ERROR*: no hugepages")};
  run.fault_free = &fault_free;
  run.Say(
      "[2026-01-02 20:21:22.123456] thread.c:3012:spin_lock: *ERROR*: unrecoverable spinlock "
      "error 8: Lock has been destroyed (sspin)");
  run.Say("[2026-01-02 20:21:22.123457] app.c: 12:app_stop: *NOTICE*: error count 0");
  run.Say("[2026-01-02 20:21:22.123458] *ERROR*: no hugepages");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("__posix_abort", "/src/thread.c"),
                    At("spin_lock", "/src/thread.c"), At("poll", "/src/poll.c")});
  run.evidence.threads[0].frames[1].ends_process = true;
  const Finding finding = run.Judge().at(0);
  EXPECT_EQ(finding.title,
            "SIGABRT: unrecoverable spinlock error 8: Lock has been destroyed (sspin) in "
            "spin_lock");
  EXPECT_EQ(finding.signature,
            "crash: unrecoverable spinlock error <n>: Lock has been destroyed (sspin) @ spin_lock "
            "< poll");
}

TEST(CrashOracle, TheErrorOfAFunctionThatDidNotAbortIsNotTheAborts) {
  JudgedRun run;
  run.Say("pool.c: 12:pool_init: *ERROR*: no memory");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("ring_init", "/src/ring.c")});
  EXPECT_EQ(run.Judge().at(0).title, "SIGABRT: abort() without a message in ring_init");
}

TEST(CrashOracle, APanicHasOneNameWithAndWithoutSymbols) {
  JudgedRun run;
  run.Say("PANIC in eal_intr_thread_main():");
  run.Say("Error adding fd to 7 epoll_ctl, No space left on device");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("", "", "librte_eal.so.23"),
                    At("rte_eal_init", "", "librte_eal.so.23")});
  const std::string stripped = run.Judge().at(0).signature;
  EXPECT_EQ(stripped,
            "crash: panic: Error adding fd to <n> epoll_ctl, <errno> @ eal_intr_thread_main");
  run.evidence.threads[0].frames = {At("abort", "", "libc.so.6"),
                                    At("eal_intr_thread_main", "/d/intr.c"),
                                    At("start", "/d/thread.c")};
  EXPECT_EQ(run.Judge().at(0).signature, stripped);
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
    EXPECT_THAT(finding.title, testing::StartsWith("SIGSEGV: stack overflow in end_answer"));
  }
  EXPECT_THAT(signatures, ElementsAre("crash: SIGSEGV stack overflow @ end_answer"));
}

}  // namespace
}  // namespace faultline
