#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "harness/agent/testing/widget_test.h"
#include "harness/protocol/return_trace.h"

// What the functions return that were running when a call was made to fail.
namespace faultline::agent {
namespace {

using protocol::JournalRecord;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kTraced = static_cast<JournalRecord::Kind>(protocol::kTraced);
constexpr auto kCameBack = static_cast<JournalRecord::Kind>(protocol::kCameBack);

class ReturnTraceTest : public testing::Test {
 protected:
  ReturnTraceTest() { run_.plan.AddHook(kVictim, "make_widget", {widget_}); }
  // Fails the widgets from `first` to `last`; one is made before main.
  void FailWidgets(uint64_t first, uint64_t last) {
    protocol::PlanRule rule = RuleFor(widget_, first, last);
    rule.phase = protocol::PlanRule::kAfterMain;
    run_.plan.AddRule(rule);
  }
  // What the frames from the innermost on have returned, in order of time.
  static std::vector<std::pair<uint32_t, bool>> Returned(const VictimResult& result) {
    std::vector<std::pair<uint32_t, bool>> returned;
    for (const JournalRecord& record : RecordsOf(result, kCameBack)) {
      returned.emplace_back(record.index, record.result != 0);
    }
    return returned;
  }

  VictimRun run_;
  uint32_t widget_ = run_.plan.AddPoint("widget/make", 0, ENOMEM);
};

TEST_F(ReturnTraceTest, NothingIsTracedBeforeAFailure) {
  FailWidgets(9, 9);
  const VictimResult result = run_.Run({"toolboxes", "f"});
  EXPECT_THAT(RecordsOf(result, kTraced), IsEmpty());
  EXPECT_THAT(RecordsOf(result, kCameBack), IsEmpty());
}

TEST_F(ReturnTraceTest, EachFunctionThatMadeTheCallIsToldOfInnermostFirst) {
  FailWidgets(1, 1);
  const VictimResult result = run_.Run({"toolboxes", "rtf"});  // t: the second one does without
  EXPECT_EQ(result.output, "+");
  const auto traced = RecordsOf(result, kTraced);
  ASSERT_THAT(traced, SizeIs(1));
  EXPECT_GE(traced[0].key, 4u);
  ASSERT_LT(traced[0].stack, result.journal.stacks.size());
  // The toolboxes "tf" and "rtf", the command and main().
  const auto returned = Returned(result);
  ASSERT_GE(returned.size(), 3u);
  EXPECT_EQ(returned[0], (std::pair<uint32_t, bool>{0, true}));
  EXPECT_EQ(returned[1], (std::pair<uint32_t, bool>{1, true}));
  EXPECT_EQ(returned[2], (std::pair<uint32_t, bool>{2, false})) << "0: the command did well";
}

TEST_F(ReturnTraceTest, OfTheFirstFailureOnly) {
  FailWidgets(1, 3);
  const VictimResult result = run_.Run({"toolboxes", "f", "f", "f"});
  EXPECT_EQ(result.output, "---");
  EXPECT_THAT(RecordsOf(result, kTraced), SizeIs(1));
  const auto returned = Returned(result);
  ASSERT_GE(returned.size(), 2u);
  EXPECT_EQ(returned[0], (std::pair<uint32_t, bool>{0, false}));
  EXPECT_EQ(returned[1], (std::pair<uint32_t, bool>{1, false})) << "each frame once";
}

TEST_F(ReturnTraceTest, OneThatEndsTheProcessNeverComesBack) {
  FailWidgets(1, 1);
  const VictimResult result = run_.Run({"toolboxes", "x", "f"});
  EXPECT_EQ(result.status, 9);
  EXPECT_THAT(RecordsOf(result, kTraced), SizeIs(1));
  EXPECT_THAT(RecordsOf(result, kCameBack), IsEmpty());
}

TEST_F(ReturnTraceTest, OneThatIsJumpedOutOfNeverComesBack) {
  FailWidgets(1, 1);
  const VictimResult result = run_.Run({"toolboxes", "j", "f"});
  EXPECT_EQ(result.output, "~+");
  EXPECT_EQ(result.status, 0);
  const auto returned = Returned(result);
  ASSERT_FALSE(returned.empty());
  EXPECT_EQ(returned[0].first, 1u) << "the command";
}

TEST_F(ReturnTraceTest, AnExceptionPassesTheProbes) {
  FailWidgets(1, 1);
  const VictimResult result = run_.Run({"toolboxes", "rre", "f"});
  EXPECT_EQ(result.output, "^+");
  EXPECT_EQ(result.status, 0);
  const auto returned = Returned(result);
  ASSERT_FALSE(returned.empty());
  EXPECT_EQ(returned[0], (std::pair<uint32_t, bool>{3, false})) << "the command that caught it";
}

TEST_F(ReturnTraceTest, ALaterCallInATracedFunctionHasItsSite) {
  run_.plan.flags = protocol::kRecordSites;
  FailWidgets(1, 1);
  const auto sites_of = [](const VictimResult& result) {
    std::vector<uint64_t> sites;
    for (const JournalRecord& record : result.journal.records) {
      if (record.kind == JournalRecord::kCall && record.site < result.journal.sites.size()) {
        sites.push_back(result.journal.sites[record.site].hash);
      }
    }
    return sites;
  };
  // n: a second attempt in the same function.
  const VictimResult failed = run_.Run({"toolboxes", "rn", "rn"});
  EXPECT_EQ(failed.output, "++");
  const std::vector<uint64_t> sites = sites_of(failed);
  ASSERT_THAT(sites, SizeIs(3)) << "before main, the second attempt, the second toolbox";
  const JournalRecord again = RecordsOf(failed, JournalRecord::kCall)[1];
  const auto& stack = failed.journal.stacks.at(again.stack).frames;
  const auto& first =
      failed.journal.stacks.at(RecordsOf(failed, JournalRecord::kInjected).at(0).stack).frames;
  ASSERT_EQ(stack.size(), first.size());
  EXPECT_TRUE(std::equal(stack.begin() + 1, stack.end(), first.begin() + 1))
      << "the callers are the same functions, not probes";
}

class ReturnTraceResults : public ReturnTraceTest,
                           public testing::WithParamInterface<const char*> {};

TEST_P(ReturnTraceResults, ReachTheCallerWhole) {
  FailWidgets(1, 1);
  const VictimResult result = run_.Run({"results", GetParam()});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(RecordsOf(result, kTraced), SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(OfEachKind, ReturnTraceResults,
                         testing::Values("pair", "double", "long double"));

}  // namespace
}  // namespace faultline::agent
