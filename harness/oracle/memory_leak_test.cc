#include <gmock/gmock.h>

#include "harness/oracle/object_leak.h"
#include "harness/oracle/testing/judged_run.h"
#include "harness/oracle/testing/stack_recorder.h"

// Leaks of memory, which has no name, and which helpers make and free for many.
namespace faultline {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testkit::IsKind;

[[gnu::noinline]] void StopOne(testkit::StackRecorder& run) {
  run.Fail();
  NO_TAIL_CALL;
}
[[gnu::noinline]] void StopAnother(testkit::StackRecorder& run) {
  run.Fail();
  NO_TAIL_CALL;
}

// As they would lie in a file of their own.
#line 1 "array.c"
[[gnu::noinline]] void MakeArray(testkit::StackRecorder& run) {
  run.Record("mempool/create", 0x1);
  NO_TAIL_CALL;
}
[[gnu::noinline]] void FreeArray(testkit::StackRecorder& run) {
  run.Record("mempool/free", 0x1);
  NO_TAIL_CALL;
}
#line 1 "subsystem.c"
[[gnu::noinline]] void CreateSubsystem(testkit::StackRecorder& run) {
  MakeArray(run);
  NO_TAIL_CALL;
}
[[gnu::noinline]] void DestroySubsystem(testkit::StackRecorder& run) {
  FreeArray(run);
  NO_TAIL_CALL;
}
#line 1 "table.c"
[[gnu::noinline]] void FreeTable(testkit::StackRecorder& run) {
  FreeArray(run);
  NO_TAIL_CALL;
}
#line 300 "memory_leak_test.cc"

// What is left when `fail` meets a failure in the stop, which `release` would have gone on with.
Finding MemoryLeftAfter(void (*fail)(testkit::StackRecorder&),
                        void (*release)(testkit::StackRecorder&)) {
  testkit::StackRecorder runs[2];
  for (testkit::StackRecorder& run : runs) {
    CreateSubsystem(run);
    NO_TAIL_CALL;
  }
  release(runs[0]);
  NO_TAIL_CALL;
  const FaultFreeRun described =
      DescribeFaultFree(runs[0].evidence, runs[0].catalogue, runs[0].profile);
  testkit::StackRecorder& run = runs[1];
  run.step = 2;
  fail(run);
  NO_TAIL_CALL;
  const std::vector<Finding> leaks =
      FindObjectLeaks(run.evidence, {run.scenario, run.profile, run.catalogue, &described});
  EXPECT_THAT(leaks, ElementsAre(IsKind("leak")));
  return leaks.empty() ? Finding() : leaks[0];
}

constexpr char kNothingReleases[] = "nothing releases the mempool of ";

TEST(MemoryLeftByAStop, IsKnownByTheFunctionOfItsOwnerThatGivesItBack) {
  const Finding one = MemoryLeftAfter(&StopOne, &DestroySubsystem);
  const Finding other = MemoryLeftAfter(&StopAnother, &DestroySubsystem);
  EXPECT_THAT(one.title,
              HasSubstr("DestroySubsystem, which is not reached, after point/of/any failed in "));
  EXPECT_NE(one.signature, other.signature);
  const size_t at = one.cause.find(kNothingReleases);
  ASSERT_NE(at, std::string::npos) << one.cause;
  EXPECT_THAT(one.cause, testing::EndsWith("DestroySubsystem (subsystem.c) does"));
  EXPECT_THAT(other.cause, HasSubstr(one.cause.substr(at)));
}

// Tempting: it is the same memory, and something frees it. Who frees it is no function of its
// owner, and may free that of many.
TEST(MemoryLeftByAStop, SaysNothingMoreWhereItsOwnerDoesNotGiveItBack) {
  const Finding leak = MemoryLeftAfter(&StopOne, &FreeTable);
  EXPECT_THAT(leak.cause, Not(HasSubstr(kNothingReleases)));
  EXPECT_THAT(leak.title, HasSubstr(" is never released after point/of/any failed in "));
}

// A program of one file, whose operation is ended by a callback, long before it stops.
#line 1 "flow.c"
[[gnu::noinline]] void StartOperation(testkit::StackRecorder& run) {
  run.Record("mempool/create", 0x1);
  NO_TAIL_CALL;
}
[[gnu::noinline]] void Work(testkit::StackRecorder& run) {
  run.Fail();
  NO_TAIL_CALL;
}
[[gnu::noinline]] void OperationDone(testkit::StackRecorder& run) {
  run.Record("mempool/free", 0x1);
  NO_TAIL_CALL;
}
#line 400 "memory_leak_test.cc"

// Tempting: nothing of the callback is seen in this run, so that it is not reached. It may well be,
// and forget the memory: nobody looks at what is called before the stop.
TEST(MemoryLeftByACallback, IsToldByTheFunctionThatReleasesItAndNotAsNotReached) {
  testkit::StackRecorder runs[2];
  runs[0].AddUnwindObserver();
  runs[1].AddUnwindObserver();
  StartOperation(runs[0]);
  OperationDone(runs[0]);
  runs[0].Call("target/unwind", 0);
  StartOperation(runs[1]);
  runs[1].step = 2;
  Work(runs[1]);
  runs[1].Call("target/unwind", 0);
  NO_TAIL_CALL;
  for (testkit::StackRecorder& run : runs) {
    for (JournalStack& stack : run.evidence.journal.stacks) {
      stack.frames.resize(1);  // all else is no part of that program
    }
  }
  runs[1].evidence.injections[0].stack.resize(1);
  const FaultFreeRun described =
      DescribeFaultFree(runs[0].evidence, runs[0].catalogue, runs[0].profile);
  const std::vector<Finding> leaks = FindObjectLeaks(
      runs[1].evidence, {runs[1].scenario, runs[1].profile, runs[1].catalogue, &described});
  ASSERT_THAT(leaks, ElementsAre(IsKind("leak")));
  EXPECT_THAT(leaks[0].title, AllOf(HasSubstr("OperationDone"), HasSubstr("after point/of/any"),
                                    Not(HasSubstr("not reached"))));
}

}  // namespace
}  // namespace faultline
