#include <gmock/gmock.h>

#include "harness/oracle/sanitizer_report.h"
#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testkit::IsKind;
using testkit::JudgedRun;

// As GCC 12's runtimes write.
void SayUseAfterFree(JudgedRun& run, const std::string& address) {
  run.Say("=================================================================");
  run.Say("==4711==ERROR: AddressSanitizer: heap-use-after-free on address " + address +
          " at pc 0x55 bp 0x7f sp 0x7e");
  run.Say("READ of size 8 at " + address + " thread T0 (reactor_0)");
  run.Say("    #0 0x7f11 in __interceptor_memcpy ../../../../src/libsanitizer/x.inc:827");
  run.Say("    #1 0x5581 in pool_free /src/lib/pool.c:33");
  run.Say("    #2 0x5582 in stop /src/app.c:12");
  run.Say("    #3 0x7f12  (/lib/x86_64-linux-gnu/libc.so.6+0x271c9)");
  run.Say("");
  run.Say("    #0 0x7f13 in free ../../../../src/libsanitizer/asan_malloc_linux.cpp:52");
}

TEST(Sanitizer, TheReportIsTheFinding) {
  JudgedRun run;
  SayUseAfterFree(run, "0x602000");
  run.evidence.exit.code = 1;
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("sanitizer"))) << "it explains the exit code";
  EXPECT_EQ(findings[0].title, "AddressSanitizer: heap-use-after-free in pool_free");
  EXPECT_EQ(findings[0].signature,
            "sanitizer: AddressSanitizer: heap-use-after-free @ pool_free < stop");
  ASSERT_EQ(findings[0].stack.size(), 3u);
  EXPECT_EQ(findings[0].stack[0].line, 33);
  EXPECT_EQ(findings[0].stack[2].module, "libc.so.6");
}

// Tools that look for something else take fatal signals too. What they print is no leak.
TEST(Sanitizer, AFatalSignalIsToldByAnyTool) {
  for (const std::string tool :
       {"LeakSanitizer", "UndefinedBehaviorSanitizer", "ThreadSanitizer"}) {
    JudgedRun run;
    run.Say(tool + ":DEADLYSIGNAL");
    run.Say("==4711==ERROR: " + tool + ": FPE on unknown address 0x7fe3 (pc 0x7fe3 bp 0x7ffc T0)");
    run.Say("    #0 0x7fe3 in split /src/split.c:242");
    run.Say("    #1 0x7fe4 in create /src/rpc.c:447");
    run.Say("    #2 0x7f12  (/lib/x86_64-linux-gnu/libc.so.6+0x271c9)");
    run.Say("");
    run.Say("SUMMARY: " + tool + ": FPE /src/split.c:242 in split");
    run.evidence.exit.code = 23;
    const std::vector<Finding> findings = run.Judge();
    ASSERT_THAT(findings, ElementsAre(IsKind("sanitizer"))) << tool;
    EXPECT_EQ(findings[0].signature, "sanitizer: " + tool + ": FPE @ split < create");
    EXPECT_FALSE(IsLeakReport(findings[0]));
  }
}

TEST(Sanitizer, TheSameBugElsewhereInMemoryHasTheSameSignature) {
  JudgedRun one;
  SayUseAfterFree(one, "0x602000");
  JudgedRun other;
  SayUseAfterFree(other, "0x77aa0000beef");
  EXPECT_EQ(one.Judge().at(0).signature, other.Judge().at(0).signature);
}

TEST(Sanitizer, AStackOverflowIsKnownByItsRecursionWhereverTheStackEnds) {
  for (const std::string end : {"write_int", "send_error", "end_answer"}) {
    JudgedRun run;
    run.Say("==4711==ERROR: AddressSanitizer: stack-overflow on address 0x7ffc (pc 0x55 bp 0x7f)");
    run.Say("    #0 0x5580 in " + end + " /src/rpc.c:7");
    for (int i = 1; i < 240; i += 2) {
      run.Say("    #1 0x5581 in send_error /src/rpc.c:33");
      run.Say("    #2 0x5582 in end_answer /src/rpc.c:12");
    }
    run.evidence.exit.code = 1;
    const Finding finding = run.Judge().at(0);
    EXPECT_EQ(finding.title, "AddressSanitizer: stack-overflow in end_answer");
    EXPECT_EQ(finding.signature, "sanitizer: AddressSanitizer: stack-overflow @ end_answer");
  }
}

TEST(Sanitizer, EachDirectLeakIsOneAndIndirectOnesAreNone) {
  JudgedRun run;
  run.Say("==4711==ERROR: LeakSanitizer: detected memory leaks");
  for (const char* function : {"make_pool", "make_pool", "make_ring"}) {
    run.Say("Direct leak of 64 byte(s) in 1 object(s) allocated from:");
    run.Say("    #0 0x7f in __interceptor_malloc ../src/libsanitizer/asan_malloc_linux.cpp:69");
    run.Say("    #1 0x55 in " + std::string(function) + " /src/pool.c:7");
    run.Say("");
  }
  run.Say("Indirect leak of 8 byte(s) in 1 object(s) allocated from:");
  run.Say("    #0 0x55 in helper /src/pool.c:9");
  run.evidence.exit.code = 23;
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("sanitizer"), IsKind("sanitizer")));
  EXPECT_EQ(findings[0].title, "LeakSanitizer: direct leak of memory in make_pool");
  EXPECT_EQ(findings[1].signature, "sanitizer: LeakSanitizer: direct leak of memory @ make_ring");
}

// A dozen requests copy their texts by the same function.
TEST(Sanitizer, ALeakNamesWhomAHelperMadeTheMemoryFor) {
  JudgedRun run;
  run.Say("==4711==ERROR: LeakSanitizer: detected memory leaks");
  for (const char* function : {"rpc_get", "rpc_set"}) {
    run.Say("Direct leak of 7 byte(s) in 1 object(s) allocated from:");
    run.Say("    #0 0x7f in __interceptor_malloc ../src/libsanitizer/asan_malloc_linux.cpp:69");
    run.Say("    #1 0x55 in copy_text /src/json.c:7");
    run.Say("    #2 0x55 in decode_text /src/json.c:70");
    run.Say("    #3 0x55 in " + std::string(function) + " /src/rpc.c:9");
    run.Say("");
  }
  run.evidence.exit.code = 23;
  const std::vector<Finding> findings = run.Judge();
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].title, "LeakSanitizer: direct leak of memory in copy_text, for rpc_get");
  EXPECT_EQ(findings[1].title, "LeakSanitizer: direct leak of memory in copy_text, for rpc_set");
}

TEST(Sanitizer, UndefinedBehaviourIsKnownByItsFileAndNotByItsLine) {
  JudgedRun run;
  run.Say("/src/lib/queue.c:17:9: runtime error: index 8 out of bounds for type 'int [8]'");
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("sanitizer")));
  EXPECT_EQ(findings[0].signature,
            "sanitizer: UndefinedBehaviorSanitizer: index <n> out of bounds for type 'int [<n>]' "
            "in queue.c");
}

TEST(Sanitizer, AFatalReportExplainsTheDeathAndWhatIsLeft) {
  JudgedRun run;
  FaultFreeRun fault_free;
  run.fault_free = &fault_free;
  SayUseAfterFree(run, "0x602000");
  run.evidence.exit.code = 1;
  run.evidence.left_behind = {"file lock"};
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("sanitizer")));
  run.Die(6);
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("sanitizer")));
}

TEST(Sanitizer, AFatalReportExplainsAStopThatItDelays) {
  JudgedRun run;
  SayUseAfterFree(run, "0x602000");
  run.HangAtStop();
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("sanitizer")));
}

TEST(Sanitizer, AReportAtTheExitDoesNotExplainWhatHungBefore) {
  JudgedRun run;
  SayUseAfterFree(run, "0x602000");
  run.result(2).status = StepResult::Status::kTimedOut;
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("hang"), IsKind("sanitizer")));
}

TEST(Sanitizer, UndefinedBehaviourThatTheTargetDiesOfIsOneFinding) {
  JudgedRun run;
  run.Say("/src/lib/pool.c:33:7: runtime error: member access within null pointer");
  SayUseAfterFree(run, "0x602000");
  run.evidence.exit.code = 1;
  std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("sanitizer")));
  EXPECT_EQ(findings[0].title, "AddressSanitizer: heap-use-after-free in pool_free");
  run.Say("/src/lib/pool.c:99:7: runtime error: member access within null pointer");
  EXPECT_EQ(run.Judge().size(), 2u) << "what comes later is something else";
}

TEST(Sanitizer, MemoryThatAHangKeepsIsNoFindingOfItsOwn) {
  JudgedRun run;
  run.HangAtStop();
  run.Say("Direct leak of 64 byte(s) in 1 object(s) allocated from:");
  run.Say("    #0 0x55 in make_request /src/rpc.c:7");
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("hang")));
}

TEST(Sanitizer, OrdinaryLinesSayNothing) {
  JudgedRun run;
  run.Say("ERROR: Sanitizer of water failed: #0 0x1");
  EXPECT_THAT(run.Judge(), IsEmpty());
}

}  // namespace
}  // namespace faultline
