#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/agent/testing/widget_test.h"

// Observed calls, and that no register of any call is lost on the way.
namespace faultline::agent {
namespace {

using protocol::JournalRecord;
using protocol::kNone;
using protocol::PlanObserver;
using testing::SizeIs;

class ObserverTest : public testing::Test {
 protected:
  // Hooks all functions with awkward signatures, observed with `observer`.
  void HookSignatures(const PlanObserver& observer) {
    HookSignatures(run_.plan.AddObserver("signature", observer));
  }
  // Or with their returns watched, when there is none.
  void HookSignatures(uint32_t index) {
    for (const char* symbol :
         {"many_arguments", "many_doubles", "variable_arguments", "long_double", "returns_pair",
          "returns_large", "many_vectors", "register_probe"}) {
      const uint32_t point = run_.plan.AddPoint(symbol, 0, 0);
      if (index == kNone) {
        run_.plan.WatchReturn(point);
      }
      run_.plan.AddHook(kVictim, symbol, {point}, index);
      // So that libfiu is asked, whose string functions use vector registers.
      run_.plan.AddRule(RuleFor(point, UINT64_MAX, UINT64_MAX));
    }
  }
  void ExpectSignaturesWork() {
    EXPECT_EQ(run_.Run({"signatures"}).status, 0);
    std::filesystem::remove(run_.plan.journal_path);
    const VictimResult registers = run_.Run({"registers"});
    EXPECT_EQ(registers.status, 0) << "1: general, 2: vectors, 4: masks; " << registers.output;
  }

  VictimRun run_;
};

TEST_F(ObserverTest, EveryRegisterSurvivesTheFastPath) {
  for (const char* symbol : {"many_arguments", "variable_arguments", "register_probe"}) {
    run_.plan.AddHook(kVictim, symbol, {});
  }
  ExpectSignaturesWork();
}

TEST_F(ObserverTest, EveryRegisterSurvivesARecordedCall) {
  run_.plan.flags = protocol::kRecordSites;
  PlanObserver observer;
  observer.key = PlanObserver::kKeyNone;
  HookSignatures(observer);
  ExpectSignaturesWork();
}

TEST_F(ObserverTest, EveryRegisterSurvivesAWrappedCall) {
  PlanObserver observer;
  observer.key = PlanObserver::kKeyResult;
  observer.wrap = 1;
  observer.stack_words = 12;
  HookSignatures(observer);
  ExpectSignaturesWork();
}

TEST_F(ObserverTest, EveryRegisterSurvivesAWatchedCall) {
  HookSignatures(kNone);
  ExpectSignaturesWork();
}

TEST_F(ObserverTest, ExceptionsAndThreadExitPassThroughWrappedCalls) {
  PlanObserver observer;
  observer.key = PlanObserver::kKeyNone;
  observer.wrap = 1;
  const uint32_t index = run_.plan.AddObserver("fragile", observer);
  run_.plan.AddHook(kVictim, "fragile", {}, index);
  run_.plan.AddHook(kVictim, "quit_thread", {}, index);
  const VictimResult result = run_.Run({"exceptions"});
  EXPECT_EQ(result.status, 0);
  const auto observed = RecordsOf(result, JournalRecord::kObserved);
  ASSERT_THAT(observed, SizeIs(1));  // only the call that returned
  EXPECT_EQ(observed[0].result, 5u);
  EXPECT_EQ(observed[0].flags & JournalRecord::kInsideWrap, 0);  // none of the others is still open
}

TEST_F(ObserverTest, ObserversTellKeyLabelNestingAndErrorNotes) {
  PlanObserver enlist;
  enlist.key = 0;
  enlist.label = 1;
  enlist.wrap = 1;
  PlanObserver many = enlist;
  many.label = kNone;
  PlanObserver note;
  note.is_error_note = 1;
  const uint32_t enlist_index =
      run_.plan.AddObserver("enlist", enlist, {}, {run_.plan.RangeOf(kVictim, "enlist_many")});
  run_.plan.AddHook(kVictim, "enlist", {}, enlist_index);
  run_.plan.AddHook(kVictim, "enlist_many", {}, run_.plan.AddObserver("enlist_many", many));
  run_.plan.AddHook(
      kVictim, "note_error", {},
      run_.plan.AddObserver("note", note, {{protocol::PlanCondition::kArgSignedAtMost, 0, 1}}));
  const auto observed = RecordsOf(run_.Run({"registry"}), JournalRecord::kObserved);
  ASSERT_THAT(observed, SizeIs(5));
  EXPECT_STREQ(observed[0].label, "good");
  EXPECT_NE(observed[0].key, 0u);
  EXPECT_EQ(observed[0].flags, 0);
  EXPECT_NE(observed[0].stack, kNone);
  EXPECT_EQ(observed[1].flags, JournalRecord::kErrorNoted);
  EXPECT_EQ(observed[1].key, observed[0].key);
  EXPECT_STREQ(observed[2].label, "inner");
  EXPECT_EQ(observed[2].flags, JournalRecord::kInsideWrap | JournalRecord::kFromIgnoredCaller);
  EXPECT_EQ(observed[3].index, enlist_index + 1);
  EXPECT_EQ(observed[3].flags, 0);
  EXPECT_STREQ(observed[4].label, "a name that is longer than a record has room for, so it");
  EXPECT_EQ(observed[4].key, 0u);
}

TEST_F(ObserverTest, AKeyMayBeWhatAnArgumentPointsAt) {
  PlanObserver observer;
  observer.key = PlanObserver::kKeyPointee0 + 1;  // the label, of all things
  run_.plan.AddHook(kVictim, "enlist", {}, run_.plan.AddObserver("enlist", observer));
  const auto observed = RecordsOf(run_.Run({"registry"}), JournalRecord::kObserved);
  ASSERT_THAT(observed, testing::Not(testing::IsEmpty()));
  EXPECT_EQ(observed[0].key & 0xffffffffu, 0x646f6f67u) << "\"good\"";
  EXPECT_EQ(observed.back().key & 0xffu, uint64_t{'a'});
}

TEST_F(ObserverTest, AKeyMayBeWhatAWrappedCallStores) {
  PlanObserver observer;
  observer.key = PlanObserver::kKeyPointee0;
  observer.wrap = 1;
  const uint32_t point = run_.plan.AddPoint("ticket/draw", 11, 0);
  run_.plan.AddHook(kVictim, "draw_ticket", {point}, run_.plan.AddObserver("ticket", observer));
  run_.plan.AddRule(RuleFor(point, 2, 2));
  const auto observed = RecordsOf(run_.Run({"tickets"}), JournalRecord::kObserved);
  ASSERT_THAT(observed, SizeIs(2));
  EXPECT_EQ(observed[0].key, 4711u);
  EXPECT_EQ(observed[1].key, 0u) << "a call that was made to fail stores nothing";
}

TEST_F(ObserverTest, AFunctionThatAWrappedOneJumpsToHasTheCallerOfThatOne) {
  PlanObserver wrapped;
  wrapped.wrap = 1;
  PlanObserver plain;
  run_.plan.AddHook(kVictim, "enlist_by_jump", {}, run_.plan.AddObserver("by_jump", wrapped));
  run_.plan.AddHook(kVictim, "enlist", {},
                    run_.plan.AddObserver("enlist", plain, {},
                                          {run_.plan.RangeOf(kVictim, "call_enlist_by_jump")}));
  const VictimResult result = run_.Run({"jump"});
  const auto observed = RecordsOf(result, JournalRecord::kObserved);
  ASSERT_THAT(observed, SizeIs(2));
  EXPECT_EQ(observed[0].flags, JournalRecord::kInsideWrap | JournalRecord::kFromIgnoredCaller);
  EXPECT_EQ(observed[0].stack, observed[1].stack);
}

TEST_F(ObserverTest, AFailedCallOfAWrappedObserverIsJournaledTwice) {
  PlanObserver observer;
  observer.key = PlanObserver::kKeyResult;
  observer.wrap = 1;
  const uint32_t point = run_.plan.AddPoint("widget/make", 0, ENOMEM);
  run_.plan.AddHook(kVictim, "make_widget", {point}, run_.plan.AddObserver("widget", observer));
  run_.plan.AddRule(RuleFor(point, 2, 2));
  const VictimResult result = run_.Run({"widgets", "aa"});
  EXPECT_EQ(result.output, "-(12,0)+\n");
  EXPECT_THAT(RecordsOf(result, JournalRecord::kInjected), SizeIs(1));
  const auto observed = RecordsOf(result, JournalRecord::kObserved);
  ASSERT_THAT(observed, SizeIs(3));
  EXPECT_NE(observed[0].key, 0u);
  EXPECT_EQ(observed[1].key, 0u);
  EXPECT_NE(observed[1].flags & JournalRecord::kErrorNoted, 0);
  EXPECT_NE(observed[2].result, 0u);
}

}  // namespace
}  // namespace faultline::agent
