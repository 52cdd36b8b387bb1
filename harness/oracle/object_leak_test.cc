#include "harness/oracle/object_leak.h"

#include <gmock/gmock.h>

#include <thread>

#include "harness/oracle/testing/judged_run.h"
#include "harness/oracle/testing/stack_recorder.h"

// Whom a leak is blamed on, and what makes leaks one cause.
namespace faultline {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testkit::IsKind;

[[gnu::noinline]] void MakePool(testkit::StackRecorder& run) {
  run.Record("mempool/create", 0x20, "pool");
  NO_TAIL_CALL;
}
[[gnu::noinline]] void MakeDevice(testkit::StackRecorder& run) {
  run.Record("io_device/register", 0x10, "device");
  NO_TAIL_CALL;
}
[[gnu::noinline]] void FinishPool(testkit::StackRecorder& run) {
  run.Record("mempool/free", 0x20);
  NO_TAIL_CALL;
}
[[gnu::noinline]] void FinishAll(testkit::StackRecorder& run) {
  run.Record("io_device/unregister", 0x10);
  NO_TAIL_CALL;
  FinishPool(run);
  NO_TAIL_CALL;
}

// FinishAll is come to, and what it calls is not.
bool g_pool_is_forgotten = false;

[[gnu::noinline]] void FinishSome(testkit::StackRecorder& run) {
  run.Record("io_device/unregister", 0x10);
  NO_TAIL_CALL;
  if (!g_pool_is_forgotten) {
    FinishPool(run);
  }
  NO_TAIL_CALL;
}

FaultFreeRun Describe(const testkit::StackRecorder& run) {
  return DescribeFaultFree(run.evidence, run.catalogue, run.profile);
}

TEST(CausesOfLeaks, AreOneWhereTheStopSkipsTheFunctionThatReleasesAll) {
  testkit::StackRecorder fault_free;
  MakePool(fault_free);
  MakeDevice(fault_free);
  FinishAll(fault_free);
  NO_TAIL_CALL;
  const FaultFreeRun described = Describe(fault_free);
  testkit::StackRecorder pool;
  testkit::StackRecorder device;
  pool.fault_free = device.fault_free = &described;
  MakePool(pool);
  MakeDevice(device);
  NO_TAIL_CALL;
  ASSERT_THAT(pool.Judge(), ElementsAre(IsKind("leak")));
  ASSERT_THAT(device.Judge(), ElementsAre(IsKind("leak")));
  EXPECT_THAT(pool.Judge()[0].cause, HasSubstr("the stop releases nothing in "));
  EXPECT_THAT(pool.Judge()[0].cause, HasSubstr("FinishAll (object_leak_test.cc)"));
  EXPECT_EQ(pool.Judge()[0].cause, device.Judge()[0].cause);
  EXPECT_NE(pool.Judge()[0].signature, device.Judge()[0].signature);
}

// As FinishAll, but one message after the other: nobody calls both.
[[gnu::noinline]] void FinishDevice(testkit::StackRecorder& run) {
  run.Record("io_device/unregister", 0x10);
  NO_TAIL_CALL;
}

// Each by a message of its own, which a thread stands for here: nobody calls both.
void MakeBothByMessages(testkit::StackRecorder& run) {
  MakePool(run);
  std::thread([&run] { MakeDevice(run); }).join();
}

// Tempting: two functions are not come to, so that there are two causes.
TEST(CausesOfLeaks, AreOneWhereTheStopSkipsOneFileThatGoesOnByMessages) {
  testkit::StackRecorder fault_free;
  MakeBothByMessages(fault_free);
  FinishPool(fault_free);
  FinishDevice(fault_free);
  NO_TAIL_CALL;
  const FaultFreeRun described = Describe(fault_free);
  testkit::StackRecorder run;
  run.fault_free = &described;
  MakeBothByMessages(run);
  NO_TAIL_CALL;
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak"), IsKind("leak")));
  EXPECT_THAT(findings[0].cause, HasSubstr("FinishPool (object_leak_test.cc)"));
  EXPECT_EQ(findings[0].cause, findings[1].cause);
  EXPECT_THAT(findings[1].details, ::testing::Contains(HasSubstr("FinishDevice")));
}

// The target's own words for what is left are no second leak. Without an object they are all there
// is, and a file that is left is another matter.
TEST(ObjectLeak, IsToldOnceWhenTheTargetSaysSoItself) {
  testkit::StackRecorder fault_free;
  MakePool(fault_free);
  MakeDevice(fault_free);
  FinishAll(fault_free);
  NO_TAIL_CALL;
  const FaultFreeRun described = Describe(fault_free);
  testkit::StackRecorder run;
  run.fault_free = &described;
  run.profile.log_patterns = {
      {.kind = "leak", .pattern = "(\\w+) not unregistered", .note = "", .position = {}},
      {.kind = "hang", .pattern = "thread (\\w+) got timeout", .note = "", .position = {}}};
  run.Say("device not unregistered");
  run.Say("pool not unregistered");
  run.Say("thread group got timeout, and move it to the exited state forcefully");
  run.evidence.left_behind = {"file pid"};
  EXPECT_THAT(run.Judge(),
              ElementsAre(IsKind("leak"), IsKind("leak"), IsKind("leak"), IsKind("hang")));
  MakeDevice(run);
  NO_TAIL_CALL;
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak"), IsKind("leak")));
  EXPECT_THAT(findings[0].title, HasSubstr("file pid"));
  EXPECT_THAT(findings[1].title, HasSubstr("io_device `device' is never released"));
  EXPECT_THAT(findings[1].details, ::testing::Contains(HasSubstr("pool not unregistered")));
  EXPECT_THAT(findings[1].details, ::testing::Contains(HasSubstr("thread group got timeout")));
}

TEST(CausesOfLeaks, IsTheInnerFunctionWhereTheOuterOneIsComeTo) {
  testkit::StackRecorder runs[2];
  for (testkit::StackRecorder& run : runs) {
    g_pool_is_forgotten = &run != &runs[0];
    MakePool(run);
    MakeDevice(run);
    FinishSome(run);
    NO_TAIL_CALL;
  }
  const FaultFreeRun described = Describe(runs[0]);
  runs[1].fault_free = &described;
  ASSERT_THAT(runs[1].Judge(), ElementsAre(IsKind("leak")));
  EXPECT_THAT(runs[1].Judge()[0].cause, HasSubstr("FinishPool (object_leak_test.cc)"));
}

// ---- Nobody's error path forgets it

[[gnu::noinline]] void StopSubsystem(testkit::StackRecorder& run) {
  run.Fail();
  NO_TAIL_CALL;
}
[[gnu::noinline]] void StopListener(testkit::StackRecorder& run) {
  run.Fail();
  NO_TAIL_CALL;
}

// `fail` meets its failure in a later step than that in which the pool is made, as what a message
// starts does: no function knows of both.
Finding LeakAfter(void (*fail)(testkit::StackRecorder&), const FaultFreeRun& described) {
  testkit::StackRecorder run;
  run.fault_free = &described;
  MakePool(run);
  run.step = 2;
  fail(run);
  MakeDevice(run);
  run.Record("io_device/unregister", 0x10);
  NO_TAIL_CALL;
  const std::vector<Finding> findings = run.Judge();
  EXPECT_THAT(findings, ElementsAre(IsKind("leak")));
  return findings.at(0);
}

FaultFreeRun WithoutFailure() {
  testkit::StackRecorder run;
  MakePool(run);
  MakeDevice(run);
  FinishAll(run);
  NO_TAIL_CALL;
  return Describe(run);
}

TEST(LeakAfterAFailure, NamesTheFunctionThatMetIt) {
  const Finding leak = LeakAfter(&StopSubsystem, WithoutFailure());
  EXPECT_THAT(leak.title,
              AllOf(HasSubstr("mempool `pool' is never released by "),
                    HasSubstr("FinishPool, which is not reached, after point/of/any failed "
                              "in "),
                    HasSubstr("StopSubsystem")));
  EXPECT_THAT(leak.signature, AllOf(HasSubstr("; after a failed call in "),
                                    HasSubstr("StopSubsystem"), Not(HasSubstr("point"))));
  EXPECT_THAT(leak.cause, AllOf(HasSubstr("nothing is released after a failed call in "),
                                HasSubstr("StopSubsystem")));
}

// Tempting: one object, so one bug. Each of the two functions has a caller that forgets it; whoever
// mends the stop for both finds them below one cause.
TEST(LeakAfterAFailure, OfTwoFunctionsIsTwoFindingsThatShareWhatNothingReleases) {
  const FaultFreeRun described = WithoutFailure();
  const Finding one = LeakAfter(&StopSubsystem, described);
  const Finding other = LeakAfter(&StopListener, described);
  EXPECT_NE(one.signature, other.signature);
  EXPECT_THAT(one.cause, HasSubstr("nothing releases the mempool of "));
  EXPECT_THAT(other.cause,
              HasSubstr(one.cause.substr(one.cause.find("nothing releases the mempool of "))));
}

// Tempting: who called it met the failure. It was told of none, so it could not do better.
TEST(LeakAfterAFailure, ThatWasReportedToNobodyNamesWhoKeptItToItself) {
  const FaultFreeRun described = WithoutFailure();
  testkit::StackRecorder run;
  MakePool(run);
  MakeDevice(run);
  run.step = 2;
  run.Call("io_device/register", 0x99, "aio", protocol::JournalRecord::kErrorNoted);
  run.Inject("calloc");
  run.evidence.injections[0].stack = {testkit::At("rt_io_device_register", "/src/thread.c"),
                                      testkit::At("aio_init", "/src/aio.c")};
  run.step = 3;
  run.Call("io_device/unregister", 0x99);
  run.Record("io_device/unregister", 0x10);
  NO_TAIL_CALL;
  const std::vector<Finding> leaks =
      FindObjectLeaks(run.evidence, {run.scenario, run.profile, run.catalogue, &described});
  ASSERT_THAT(leaks, ElementsAre(IsKind("leak")));
  EXPECT_EQ(
      leaks[0].title,
      "mempool `pool' is never released after rt_io_device_register failed and reported it to "
      "nobody");
  EXPECT_THAT(leaks[0].signature, HasSubstr("; after a failed rt_io_device_register"));
  EXPECT_EQ(leaks[0].cause, "rt_io_device_register does not report its failure");
}

}  // namespace
}  // namespace faultline
