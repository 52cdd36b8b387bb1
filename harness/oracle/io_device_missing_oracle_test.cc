#include <dlfcn.h>
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <set>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using testkit::At;
using testkit::IsKind;
using testkit::JudgedRun;

constexpr uint64_t kDevice = 0x9f5fe0;
constexpr char kLine[] = "thread.c:2222:unregister: *ERROR*: io_device 0x9f5fe0 not found";
constexpr char kAssertion[] =
    "target: thread.c:2224: rt_io_device_unregister: Assertion `false' failed.";
const Stack kAssertionStack = {At("abort", "", "libc.so.6"),
                               At("rt_io_device_unregister", "/src/thread.c"),
                               At("iobuf_finish", "/src/iobuf.c"), At("main", "/src/main.c")};

// The founding case: the device was never registered because its pools could not be made.
class FoundingCase : public JudgedRun {
 public:
  FoundingCase() {
    scenario.tolerance = Tolerance::kMayFailCleanly;
    evidence.rpcs[0].outcome = RpcExchange::Outcome::kError;
    step = 3;
  }
  void UnregisterIt() { Call("io_device/unregister", kDevice); }
};

TEST(IoDeviceMissingOracle, ACleanFailureHasNoFinding) {
  EXPECT_THAT(FoundingCase().Judge(), IsEmpty());
}

// The registration of `device` fails inside of the function that returns nothing.
FoundingCase RegistrationFails(uint64_t device, const std::string& subsystem) {
  FoundingCase run;
  run.step = 2;
  run.Call("io_device/register", device, subsystem, protocol::JournalRecord::kErrorNoted);
  run.Inject("calloc");
  run.evidence.injections[0].stack = {At("rt_io_device_register", "/src/thread.c"),
                                      At(subsystem + "_init", "/src/" + subsystem + ".c"),
                                      At("main", "/src/main.c")};
  run.step = 3;
  run.Call("io_device/unregister", device);
  return run;
}

TEST(IoDeviceMissingOracle, AFunctionThatReportsNoFailureIsTheOneCauseOfAllThatComesOfIt) {
  const std::vector<Finding> aio = RegistrationFails(kDevice, "aio").Judge();
  const std::vector<Finding> nvme = RegistrationFails(kDevice + 64, "nvme").Judge();
  ASSERT_THAT(aio, SizeIs(1));
  ASSERT_THAT(nvme, SizeIs(1));
  EXPECT_EQ(aio[0].cause, "rt_io_device_register does not report its failure");
  EXPECT_EQ(nvme[0].cause, aio[0].cause);
}

TEST(IoDeviceMissingOracle, ADeviceThatWasNeverRegisteredIsACauseOfItsOwn) {
  FoundingCase run;
  run.step = 2;
  run.Inject("ring");  // in the init of the subsystem, before it came to its device
  run.step = 3;
  run.UnregisterIt();
  ASSERT_THAT(run.Judge(), SizeIs(1));
  EXPECT_EQ(run.Judge()[0].cause, "");
}

TEST(IoDeviceMissingOracle, ADebugBuildThatAssertsGivesOneFinding) {
  FoundingCase run;
  run.UnregisterIt();
  run.Say(kLine);
  run.Say(kAssertion);
  run.Die(SIGABRT, kAssertionStack);
  run.result(4).status = StepResult::Status::kUnmet;
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("io-device-missing")));
  EXPECT_EQ(findings[0].title, "an io_device is unregistered but it was never registered");
  EXPECT_THAT(findings[0].details,
              AllOf(Contains("it said: " + std::string(kLine)),
                    Contains(HasSubstr("and so: SIGABRT: assertion `false' failed"))));
  EXPECT_EQ(findings[0].step, 3);
  // The violation had no stack of its own here: the crash's serves.
  EXPECT_EQ(findings[0].stack.front().function, "rt_io_device_unregister");
}

TEST(IoDeviceMissingOracle, AReleaseBuildThatHangsGivesOneFinding) {
  FoundingCase run;
  run.UnregisterIt();
  run.Say(kLine);
  run.HangAtStop();
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("io-device-missing")));
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("and so: the target did not end")));
}

TEST(IoDeviceMissingOracle, AReleaseBuildThatExitsAsIfNothingHadBeenIsSeenToo) {
  FoundingCase run;
  run.UnregisterIt();
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("io-device-missing")));
}

TEST(IoDeviceMissingOracle, DebugAndReleaseBuildsGiveTheSameSignature) {
  FoundingCase debug;
  debug.UnregisterIt();
  debug.Say(kLine);
  debug.Say(kAssertion);
  debug.Die(SIGABRT, kAssertionStack);
  FoundingCase release;
  release.UnregisterIt();
  release.HangAtStop();
  EXPECT_EQ(debug.Judge().at(0).signature, release.Judge().at(0).signature);
}

TEST(IoDeviceMissingOracle, TheLogAloneIsEnoughWhereNothingCouldBeHooked) {
  FoundingCase run;
  run.evidence.hooks.clear();
  run.UnregisterIt();
  run.Say(kLine);
  run.Say("another thread: going on");
  run.Say(kAssertion);
  run.Die(SIGABRT);
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("io-device-missing")));
  EXPECT_THAT(findings[0].title, HasSubstr("io_device 0x9f5fe0 not found"));
  EXPECT_THAT(findings[0].details, Contains("it said: " + std::string(kLine)));
}

TEST(IoDeviceMissingOracle, JudgesNoRegistryWhoseCreationsWereNotSeen) {
  FoundingCase run;
  run.evidence.hooks[0].status = HookReport::Status::kRefused;
  run.UnregisterIt();
  EXPECT_THAT(run.Judge(), IsEmpty());
}

TEST(IoDeviceMissingOracle, ALineAboutAnotherDeviceIsAnotherFinding) {
  FoundingCase run;
  run.UnregisterIt();
  run.Say("io_device 0x1234 not found");
  EXPECT_THAT(run.Judge(), ElementsAre(IsKind("io-device-missing"), IsKind("io-device-missing")));
}

TEST(IoDeviceMissingOracle, WhatFollowsOnOneDeviceIsOneFinding) {
  FoundingCase run;
  run.Call("io_device/for_each_channel", kDevice);
  run.UnregisterIt();
  run.UnregisterIt();
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].title, HasSubstr("used but it was never registered"));
}

TEST(IoDeviceMissingOracle, SaysWhetherTheRegistrationFailedOrTheDeviceHadEnded) {
  FoundingCase failed;
  failed.Call("io_device/register", kDevice, "iobuf", protocol::JournalRecord::kErrorNoted);
  failed.UnregisterIt();
  EXPECT_EQ(failed.Judge().at(0).title,
            "io_device `iobuf' is unregistered but its registration failed");
  EXPECT_EQ(failed.Judge().at(0).object, "iobuf");

  FoundingCase twice;
  twice.Call("io_device/register", kDevice, "iobuf");
  twice.UnregisterIt();
  twice.UnregisterIt();
  EXPECT_EQ(twice.Judge().at(0).title,
            "io_device `iobuf' is unregistered but it was unregistered before");
  // A registration that failed says enough; else who met the failure is where to begin.
  for (FoundingCase* run : {&failed, &twice}) {
    run->Inject("calloc");
    run->evidence.injections[0].stack = {testkit::At("raid_configure", "/src/raid.c")};
  }
  EXPECT_THAT(twice.Judge().at(0).title,
              testing::EndsWith("before, after point/of/calloc failed in raid_configure"));
  EXPECT_THAT(failed.Judge().at(0).title, testing::EndsWith("its registration failed"));
}

TEST(IoDeviceMissingOracle, NamesTheDeviceAfterTheOneAtItsPlaceInTheFaultFreeRun) {
  JudgedRun fault_free;
  JournalModule module;
  module.path = "/nowhere/target";
  module.base = 0x100000;
  module.text_end = 0x10000;
  fault_free.evidence.journal.modules.push_back(module);
  fault_free.Call("io_device/register", 0x100000 + 0x40, "iobuf");

  FoundingCase run;
  module.base = 0x700000;
  run.evidence.journal.modules.push_back(module);
  run.Call("io_device/unregister", 0x700000 + 0x40);
  const FaultFreeRun described =
      DescribeFaultFree(fault_free.evidence, fault_free.catalogue, fault_free.profile);
  run.fault_free = &described;
  EXPECT_EQ(run.Judge().at(0).object, "iobuf");
}

int g_static_device = 0;

TEST(IoDeviceMissingOracle, AStaticDeviceIsTheSameBugWhateverTailCallsLeaveOfTheStack) {
  JournalModule self;
  self.path = std::filesystem::read_symlink("/proc/self/exe");
  Dl_info info;
  ASSERT_NE(dladdr(&g_static_device, &info), 0);
  self.base = reinterpret_cast<uint64_t>(info.dli_fbase);
  self.text_end = uint64_t{1} << 32;
  std::set<std::string> signatures;
  for (int i = 0; i < 2; ++i) {
    FoundingCase run;
    run.evidence.journal.modules = {self};
    run.evidence.journal.stacks.emplace_back().frames = {0x1234u + static_cast<unsigned>(i)};
    run.Call("io_device/unregister", reinterpret_cast<uint64_t>(&g_static_device)).stack = 0;
    const Finding finding = run.Judge().at(0);
    EXPECT_THAT(finding.object, HasSubstr("g_static_device"));
    EXPECT_THAT(finding.signature,
                HasSubstr("g_static_device (io_device_missing_oracle_test.cc)' is unregistered"));
    signatures.insert(finding.signature);
  }
  EXPECT_THAT(signatures, SizeIs(1));
}

TEST(IoDeviceMissingOracle, ADeviceThatTheStopMissesIsAnotherBugThanOneThatTheStartMisses) {
  FoundingCase start;
  start.AddUnwindObserver();
  start.Call("io_device/for_each_channel", kDevice);
  start.Call("target/unwind", 0);
  FoundingCase stop;
  stop.AddUnwindObserver();
  stop.Call("target/unwind", 0);
  stop.Call("io_device/for_each_channel", kDevice);
  EXPECT_THAT(start.Judge().at(0).signature, HasSubstr("used but it was never registered"));
  EXPECT_THAT(stop.Judge().at(0).signature,
              HasSubstr("used by the stop but it was never registered"));
}

TEST(IoDeviceMissingOracle, ACrashElsewhereIsAFindingOfItsOwn) {
  FoundingCase run;
  run.UnregisterIt();
  run.Say(kLine);
  run.Die(SIGSEGV, {At("bdev_fini", "/src/bdev.c"), At("main", "/src/main.c")});
  EXPECT_THAT(run.Judge(), UnorderedElementsAre(IsKind("io-device-missing"), IsKind("crash")));
}

TEST(IoDeviceMissingOracle, AnAssertionLongAfterTheLineIsAFindingOfItsOwn) {
  FoundingCase run;
  run.UnregisterIt();
  run.Say(kLine);
  for (int i = 0; i < 6; ++i) {
    run.Say("going on");
  }
  run.Say("target: bdev.c:4: bdev_fini: Assertion `x' failed.");
  run.Die(SIGABRT);
  EXPECT_THAT(run.Judge(), UnorderedElementsAre(IsKind("io-device-missing"), IsKind("crash")));
}

TEST(IoDeviceMissingOracle, AHangBeforeTheMissingDeviceIsAFindingOfItsOwn) {
  FoundingCase run;
  run.UnregisterIt();
  run.result(2).status = StepResult::Status::kTimedOut;
  EXPECT_THAT(run.Judge(), UnorderedElementsAre(IsKind("io-device-missing"), IsKind("hang")));
}

TEST(IoDeviceMissingOracle, NamesTheFaultsThatHadFiredByThen) {
  FoundingCase run;
  run.step = 2;
  run.Inject("ring-create-3");
  run.Inject("ring-create-3");
  run.step = 3;
  run.UnregisterIt();
  run.step = 4;
  run.Inject("too-late");
  EXPECT_THAT(run.Judge(), ElementsAre(Field(&Finding::caused_by, ElementsAre("ring-create-3"))));
}

}  // namespace
}  // namespace faultline
