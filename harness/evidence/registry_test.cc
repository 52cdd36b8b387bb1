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

}  // namespace
}  // namespace faultline
