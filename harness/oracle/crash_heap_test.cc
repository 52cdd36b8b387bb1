#include <gmock/gmock.h>

#include <cerrno>

#include "harness/oracle/testing/judged_run.h"
#include "harness/oracle/testing/stack_recorder.h"

// A damaged heap: who finds it has nothing to do with it.
namespace faultline {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testkit::At;
using testkit::JudgedRun;

TEST(HeapDamage, ADamagedHeapIsKnownByTheFailureAndNotByWhereItShows) {
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
  EXPECT_EQ(signature("malloc(): unaligned tcache chunk detected", "parse_request"), late);
  EXPECT_EQ(signature("double free or corruption (out)", "parse_request"), late);
  // Here the second free itself is caught.
  EXPECT_THAT(signature("free(): double free detected in tcache 2", "pool_fini"),
              HasSubstr("@ pool_fini"));
}

TEST(HeapDamage, ADamagedHeapIsTitledByTheFailureBeforeIt) {
  JudgedRun run;
  run.Say("malloc(): invalid size (unsorted)");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("malloc", "", "libc.so.6"),
                    At("innocent", "/src/any.c"), At("main", "/src/main.c")});
  EXPECT_EQ(run.Judge().at(0).title, "SIGABRT: malloc(): invalid size (unsorted) in innocent")
      << "nothing failed";
  run.Inject("one");
  run.evidence.injections[0].point = "bdev/open";
  run.evidence.injections[0].stack = {At("part_construct", "/src/part.c")};
  const Finding finding = run.Judge().at(0);
  EXPECT_EQ(finding.title,
            "SIGABRT: malloc(): invalid size (unsorted), a heap damaged after bdev/open failed in "
            "part_construct");
  EXPECT_EQ(finding.stack.front().function, "part_construct");
  EXPECT_THAT(finding.details, Contains(HasSubstr("the damage showed in innocent")));
}

// spdk_bdev_open_ext itself is made to fail, or a call in it that makes it fail.
TEST(HeapDamage, ADamagedHeapIsOneBugWhetherAFunctionFailsOrACallInIt) {
  JudgedRun run;
  run.catalogue.points.emplace_back().symbols = {"open_ext"};
  run.Say("malloc(): invalid size (unsorted)");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("malloc", "", "libc.so.6")});
  run.Inject("one");
  run.evidence.injections[0].stack = {At("part_construct", "/src/part.c"),
                                      At("gpt_init", "/src/gpt.c")};
  const std::string outer = run.Judge().at(0).signature;
  run.evidence.injections[0].stack.insert(run.evidence.injections[0].stack.begin(),
                                          At("open_ext", "/src/bdev.c"));
  EXPECT_EQ(run.Judge().at(0).signature, outer);
  run.evidence.injections[0].stack[1] = At("other_construct", "/src/other.c");
  EXPECT_NE(run.Judge().at(0).signature, outer);
}

// An error path that reports the failure, and those above it, which do so too.
[[gnu::noinline]] int ConstructPart(testkit::StackRecorder& run) {
  run.Fail();
  NO_TAIL_CALL;
  return -ENOMEM;
}
[[gnu::noinline]] int InitParts(testkit::StackRecorder& run) {
  const int error = ConstructPart(run);
  NO_TAIL_CALL;
  return error;
}
[[gnu::noinline]] void ExamineDisk(testkit::StackRecorder& run) {
  InitParts(run);
  NO_TAIL_CALL;
}

TEST(HeapDamage, TheErrorPathThatDamagedItMayHaveReportedTheFailure) {
  testkit::StackRecorder run;
  ExamineDisk(run);
  run.Trace({0xfffffff4, 0xfffffff4, 0});
  run.Say("malloc(): invalid size (unsorted)");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("malloc", "", "libc.so.6"),
                    At("innocent", "/src/any.c"), At("main", "/src/main.c")});
  const Finding finding = run.Judge().at(0);
  EXPECT_THAT(finding.title, AllOf(HasSubstr("ConstructPart"), Not(HasSubstr("ExamineDisk"))));
  EXPECT_THAT(finding.signature, HasSubstr("ConstructPart"));
}

TEST(HeapDamage, AWildPointerInsideMallocIsADamagedHeap) {
  JudgedRun run;
  run.Die(SIGSEGV,
          {At("", "", "libc.so.6"), At("malloc", "", "libc.so.6"), At("innocent", "/src/any.c")});
  run.Inject("one");
  run.evidence.injections[0].stack = {At("part_construct", "/src/part.c")};
  EXPECT_EQ(run.Judge().at(0).signature,
            "crash: the heap is damaged; a call failed @ part_construct");
  // Whoever frees a wild pointer is to blame for it.
  run.evidence.threads[0].frames[1] = At("free", "", "libc.so.6");
  EXPECT_EQ(run.Judge().at(0).title,
            "SIGSEGV: wild pointer in innocent, after point/of/one failed in part_construct");
}

TEST(HeapDamage, ADoubleFreeNamesWhoFreesAndTheFailureBeforeIt) {
  JudgedRun run;
  run.Say("free(): double free detected in tcache 2");
  run.Die(SIGABRT, {At("abort", "", "libc.so.6"), At("free", "", "libc.so.6"),
                    At("pool_fini", "/src/pool.c")});
  run.Inject("one");
  run.evidence.injections[0].point = "dpdk/ring/create";
  run.evidence.injections[0].stack = {At("pool_init", "/src/pool.c")};
  EXPECT_EQ(run.Judge().at(0).title,
            "SIGABRT: free(): double free detected in tcache 2 in pool_fini, after "
            "dpdk/ring/create failed in pool_init");
  run.evidence.injections[0].action = "signal SIGTERM";
  EXPECT_EQ(run.Judge().at(0).title,
            "SIGABRT: free(): double free detected in tcache 2 in pool_fini");
}

}  // namespace
}  // namespace faultline
