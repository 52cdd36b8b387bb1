#include "harness/evidence/registry.h"

#include <gmock/gmock.h>

#include "harness/evidence/testing/observed_run.h"

namespace faultline {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using History = RegistryViolation::History;
using protocol::JournalRecord;
using testkit::ObservedRun;

constexpr std::string_view kRegister = "io_device/register";
constexpr std::string_view kUnregister = "io_device/unregister";
constexpr std::string_view kUse = "io_device/for_each_channel";

RegistryReplay Replay(const ObservedRun& run, const std::string& registry = "io_device") {
  for (RegistryReplay& replay : ReplayRegistries(run.evidence, run.catalogue)) {
    if (replay.registry == registry) {
      return replay;
    }
  }
  ADD_FAILURE() << "no registry " << registry;
  return {};
}

TEST(Registry, ARunThatEndsWhatItCreatedIsClean) {
  ObservedRun run;
  run.Call(kRegister, 1, "iobuf");
  run.Call(kRegister, 2, "bdev");
  run.Call(kUse, 2);
  run.Call(kUnregister, 2);
  run.Call(kUnregister, 1);
  const RegistryReplay replay = Replay(run);
  EXPECT_TRUE(replay.complete);
  EXPECT_THAT(replay.violations, IsEmpty());
  EXPECT_THAT(replay.Alive(), IsEmpty());
}

TEST(Registry, ReportsAnEndWithoutABeginning) {
  ObservedRun run;
  run.Call(kUnregister, 1);
  const RegistryReplay replay = Replay(run);
  ASSERT_THAT(replay.violations, SizeIs(1));
  EXPECT_EQ(replay.violations[0].event, Observer::Event::kDestroy);
  EXPECT_EQ(replay.violations[0].history, History::kNeverCreated);
  EXPECT_EQ(replay.violations[0].observer, kUnregister);
  EXPECT_EQ(replay.violations[0].key, 1u);
}

TEST(Registry, ACreationDuringWhichAnErrorWasNotedHasFailedAndIsKnownByItsName) {
  ObservedRun run;
  run.Call(kRegister, 1, "iobuf", JournalRecord::kErrorNoted);
  run.Call(kUnregister, 1);
  const RegistryReplay replay = Replay(run);
  ASSERT_THAT(replay.violations, SizeIs(1));
  EXPECT_EQ(replay.violations[0].history, History::kCreateFailed);
  EXPECT_EQ(replay.violations[0].label, "iobuf");
}

TEST(Registry, ReportsASecondEndAsOne) {
  ObservedRun run;
  run.Call(kRegister, 1, "iobuf");
  run.Call(kUnregister, 1);
  run.Call(kUnregister, 1);
  const RegistryReplay replay = Replay(run);
  ASSERT_THAT(replay.violations, SizeIs(1));
  EXPECT_EQ(replay.violations[0].history, History::kDestroyed);
  EXPECT_EQ(replay.violations[0].record, 2u);
}

TEST(Registry, ADeferredEndFromAnIgnoredCallerIsLegitimate) {
  ObservedRun run;
  run.Call(kRegister, 1, "iobuf");
  run.Call(kUnregister, 1);
  run.Call(kUnregister, 1, "", JournalRecord::kFromIgnoredCaller);
  EXPECT_THAT(Replay(run).violations, IsEmpty());
}

TEST(Registry, AnObjectThatWaitsForItsLastUserMayBeUsed) {
  ObservedRun run;
  run.Call(kRegister, 1, "iobuf");
  run.Call(kUnregister, 1);
  run.Call(kUse, 1);
  EXPECT_THAT(Replay(run).violations, IsEmpty());
  run.Call(kUnregister, 1, "", JournalRecord::kFromIgnoredCaller);
  run.Call(kUse, 1);
  EXPECT_THAT(Replay(run).violations, SizeIs(1));
}

TEST(Registry, ReportsTheUseOfWhatWasNeverCreated) {
  ObservedRun run;
  run.Call(kUse, 1);
  const RegistryReplay replay = Replay(run);
  ASSERT_THAT(replay.violations, SizeIs(1));
  EXPECT_EQ(replay.violations[0].event, Observer::Event::kUse);
}

TEST(Registry, ACreationMayUseWhatItCreates) {
  ObservedRun run;
  run.Call(kUse, 1, "", JournalRecord::kInsideWrap);
  run.Call(kRegister, 1, "iobuf");
  EXPECT_THAT(Replay(run).violations, IsEmpty());
}

// As when a channel's constructor asks for the channel of another device, which is not there.
TEST(Registry, AUseInsideAnotherCallIsReportedWhereNoCreationFollows) {
  ObservedRun run;
  run.Call(kRegister, 1, "iobuf", JournalRecord::kErrorNoted);
  run.Call(kUse, 1, "", JournalRecord::kInsideWrap);
  run.Call(kUnregister, 1);
  const RegistryReplay replay = Replay(run);
  ASSERT_THAT(replay.violations, SizeIs(2));
  EXPECT_EQ(replay.violations[0].event, Observer::Event::kUse);
}

TEST(Registry, AUseBeforeTheCreationIsReported) {
  ObservedRun run;
  run.Call(kUse, 1);
  run.Call(kRegister, 1, "iobuf");
  EXPECT_THAT(Replay(run).violations, SizeIs(1));
}

TEST(Registry, ASecondCreationDoesNotReplaceTheFirst) {
  ObservedRun run;
  run.Call(kRegister, 1, "first");
  run.Call(kRegister, 1, "second", JournalRecord::kErrorNoted);
  const RegistryReplay replay = Replay(run);
  ASSERT_THAT(replay.Alive(), SizeIs(1));
  EXPECT_EQ(replay.Alive()[0].label, "first");
  EXPECT_EQ(replay.Alive()[0].record, 0u);
  run.Call(kUnregister, 1);
  EXPECT_THAT(Replay(run).violations, IsEmpty());
}

TEST(Registry, AKeyMayBeUsedAgain) {
  ObservedRun run;
  run.Call(kRegister, 1, "first");
  run.Call(kUnregister, 1);
  run.Call(kRegister, 1, "second");
  run.Call(kUnregister, 1);
  EXPECT_THAT(Replay(run).violations, IsEmpty());
}

TEST(Registry, AResultOfZeroIsNoObject) {
  ObservedRun run;
  run.Call("mempool/create", 0, "pool");
  run.Call("mempool/create", 0x10, "other");
  const RegistryReplay replay = Replay(run, "mempool");
  ASSERT_THAT(replay.Alive(), SizeIs(1));
  EXPECT_EQ(replay.Alive()[0].label, "other");
}

TEST(Registry, ObjectsOfDifferentRegistriesNeverMeet) {
  ObservedRun run;
  run.Call("mempool/create", 1, "pool");
  run.Call(kUnregister, 1);
  EXPECT_THAT(Replay(run).violations, SizeIs(1));
  EXPECT_THAT(Replay(run, "mempool").Alive(), SizeIs(1));
}

TEST(Registry, WhatAForkedChildDoesIsNotTheTargets) {
  ObservedRun run;
  run.Call(kUnregister, 1, "", JournalRecord::kInChild);
  EXPECT_THAT(Replay(run).violations, IsEmpty());
}

TEST(Registry, StopsAtAGapInTheJournal) {
  ObservedRun run;
  run.Call(kRegister, 1, "iobuf");
  run.Call(kUnregister, 1);
  run.Call(kUnregister, 1).sequence = 4;
  EXPECT_THAT(Replay(run).violations, IsEmpty());
}

TEST(Registry, IsIncompleteWhenNoCreationIsHookedOrOneWasRefused) {
  ObservedRun run;
  run.evidence.hooks[0].status = HookReport::Status::kRefused;
  run.evidence.hooks[0].reason = "branch into the prologue";
  EXPECT_FALSE(Replay(run).complete);
  EXPECT_THAT(Replay(run).why_not, HasSubstr("branch into the prologue"));
  run.evidence.hooks.erase(run.evidence.hooks.begin());
  EXPECT_FALSE(Replay(run).complete);
  EXPECT_THAT(Replay(run).why_not, HasSubstr("objects of registry io_device"));
  EXPECT_TRUE(Replay(run, "mempool").complete);
}

TEST(Registry, SkipsObserversThatTheCatalogueDoesNotHave) {
  ObservedRun run;
  run.evidence.observers.push_back("stranger/create");
  run.Call("stranger/create", 1);
  run.Call(kRegister, 1).index = 77;
  EXPECT_THAT(Replay(run).violations, IsEmpty());
  EXPECT_THAT(Replay(run).Alive(), IsEmpty());
}

TEST(Registry, KnowsWhichCallEndedAnObject) {
  ObservedRun run;
  run.Call(kRegister, 1, "iobuf");
  run.Call(kRegister, 2, "bdev");
  run.Call(kUnregister, 1);
  const RegistryReplay replay = Replay(run);
  ASSERT_THAT(replay.objects, SizeIs(2));
  EXPECT_EQ(replay.objects[0].ended_by, 2u);
  EXPECT_EQ(replay.objects[1].ended_by, std::nullopt);
}

TEST(Registry, ACountedObjectEndsWithItsLastReference) {
  ObservedRun run;
  run.catalogue.observers[0].counted = true;
  run.Call(kRegister, 1);
  run.Call(kRegister, 1);
  run.Call(kUnregister, 1);
  EXPECT_THAT(Replay(run).Alive(), SizeIs(1));
  run.Call(kUnregister, 1);
  EXPECT_THAT(Replay(run).Alive(), IsEmpty());
  EXPECT_THAT(Replay(run).objects, SizeIs(1));
}

TEST(Registry, ACreationMayHoldByAResultOfZero) {
  ObservedRun run;
  run.catalogue.observers[0].success = Observer::Success::kResultZero;
  run.catalogue.observers[0].key_is_label = true;
  run.Call(kRegister, 3).result = 0xffffffff00000000;  // an int: the upper half means nothing
  run.Call(kRegister, 4).result = 0xffffffea;          // -EINVAL
  const RegistryReplay replay = Replay(run);
  ASSERT_THAT(replay.objects, SizeIs(1));
  EXPECT_EQ(replay.objects[0].label, "3");
}

TEST(Registry, ToEndWhatAPointerNoLongerPointsAtIsNoViolation) {
  ObservedRun run;
  run.Call(kUnregister, 0);
  EXPECT_THAT(Replay(run).violations, SizeIs(1));
  run.catalogue.observers[1].key_is_pointee = true;
  EXPECT_THAT(Replay(run).violations, IsEmpty());
}

TEST(Registry, OneCallMayUseAnObjectAndMakeAnotherThatBearsItsName) {
  ObservedRun run;
  Observer channel = testkit::MakeObserver("channel/get", Observer::Event::kCreate, std::nullopt);
  channel.symbols.clear();
  channel.same_call_as = kUse;
  run.catalogue.observers.push_back(channel);
  run.Call(kRegister, 1, "iobuf");
  run.Call(kUse, 1).result = 0x70;
  run.Call(kUse, 1).result = 0;  // it made none
  const RegistryReplay replay = Replay(run, "channel");
  EXPECT_TRUE(replay.complete) << "the other observer's function is hooked";
  ASSERT_THAT(replay.objects, SizeIs(1));
  EXPECT_EQ(replay.objects[0].key, 0x70u);
  EXPECT_EQ(replay.objects[0].label, "iobuf");
}

TEST(Registry, EndsAreSeenWhenTheirFunctionIsHookedAndNoRecordIsMissing) {
  ObservedRun run;
  run.Call(kRegister, 1);
  EXPECT_TRUE(Replay(run).ends_seen);
  run.evidence.hooks[1].status = HookReport::Status::kRefused;
  EXPECT_FALSE(Replay(run).ends_seen);
  EXPECT_TRUE(Replay(run).complete);
  run.evidence.hooks[1].status = HookReport::Status::kInstalled;
  run.evidence.lost_records = 1;
  EXPECT_FALSE(Replay(run).ends_seen);
  run.evidence.lost_records = 0;
  run.Call(kRegister, 2).sequence = 9;
  EXPECT_FALSE(Replay(run).ends_seen);
}

// Threads, as the observers of libc see them.
class ThreadRegistry : public ::testing::Test {
 protected:
  ThreadRegistry() {
    Add("pthread/create", Observer::Event::kCreate, true, true);
    Add("pthread/join", Observer::Event::kDestroy, false, false);
    Add("pthread/try-join", Observer::Event::kDestroy, true, false);
  }
  void Add(const std::string& name, Observer::Event event, bool wrap, bool pointee) {
    Observer observer = testkit::MakeObserver(name, event, 0);
    observer.wrap = wrap;
    observer.key_is_pointee = pointee;
    observer.success = wrap ? Observer::Success::kResultZero : Observer::Success::kByKey;
    run_.catalogue.observers.push_back(observer);
    run_.evidence.observers.push_back(name);
    run_.evidence.hooks.push_back({.symbol = observer.symbols[0],
                                   .module = "libc.so.6",
                                   .status = HookReport::Status::kInstalled,
                                   .reason = "",
                                   .calls = 1});
  }
  size_t Alive() { return Replay(run_, "pthread").Alive().size(); }
  ObservedRun run_;
};

TEST_F(ThreadRegistry, AThreadMayEndBeforeTheCallThatMadeItComesBack) {
  run_.tid = 2;
  run_.Call("pthread/join", 7);  // it detaches itself
  run_.tid = 1;
  run_.Call("pthread/create", 7);
  EXPECT_EQ(Alive(), 0U);
  EXPECT_EQ(Replay(run_, "pthread").objects.size(), 1U);
}

// Tempting: the number has ended already.
TEST_F(ThreadRegistry, ANumberMayComeAgain) {
  run_.Call("pthread/create", 7);
  run_.Call("pthread/join", 7);
  run_.Call("pthread/create", 7);
  EXPECT_EQ(Alive(), 1U);
  run_.Call("pthread/join", 7);
  run_.Call("pthread/join", 7);  // by the same thread: no end of what it makes later
  run_.Call("pthread/create", 7);
  EXPECT_EQ(Alive(), 1U);
}

TEST_F(ThreadRegistry, AnEndThatFailsIsNone) {
  run_.Call("pthread/create", 7);
  run_.Call("pthread/try-join", 7).result = 16;  // EBUSY
  EXPECT_EQ(Alive(), 1U);
  run_.Call("pthread/try-join", 7);
  EXPECT_EQ(Alive(), 0U);
}

}  // namespace
}  // namespace faultline
