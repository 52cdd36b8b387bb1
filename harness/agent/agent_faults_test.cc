#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/agent/testing/widget_test.h"

// Which calls fail, and what is told of them: plans made by hand, inside a real program.
namespace faultline::agent {
namespace {

using protocol::AgentState;
using protocol::HookStatus;
using protocol::JournalRecord;
using protocol::kNone;
using protocol::PlanReplacement;
using protocol::PlanRule;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST_F(WidgetTest, WithoutRulesOnlyCounts) {
  Hook();
  const VictimResult result = Run("aab");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output, "+++\n");
  EXPECT_EQ(result.journal.hooks[hook_].status, HookStatus::kInstalled);
  EXPECT_EQ(result.journal.hooks[hook_].calls, 4u);  // one of them before main
  EXPECT_EQ(result.journal.agent_state, AgentState::kExiting);
  EXPECT_THAT(result.journal.sites, IsEmpty());
  EXPECT_EQ(result.journal.agent_message, "");
}

TEST_F(WidgetTest, FailsExactlyTheNthCall) {
  Hook();
  run_.plan.AddRule(RuleFor(point_, 3, 3));
  const VictimResult result = Run("aabb");
  EXPECT_EQ(result.output, "+-(12,0)++\n");  // the first call is before main
  const auto injected = RecordsOf(result, JournalRecord::kInjected);
  ASSERT_THAT(injected, SizeIs(1));
  EXPECT_EQ(injected[0].rule, 0u);
  EXPECT_EQ(injected[0].index, point_);
  EXPECT_NE(injected[0].stack, kNone);
  EXPECT_EQ(injected[0].flags & JournalRecord::kBeforeMain, 0);
  EXPECT_EQ(result.journal.rules[0].counted, 5u);
  EXPECT_EQ(result.journal.rules[0].hits, 1u);
}

// A loop that goes on when a call fails must not leave what comes after it without a record.
TEST_F(WidgetTest, OfACallThatFailsForEverOnlyTheFirstFailuresAreWrittenDown) {
  constexpr size_t kCalls = 3'000;
  Hook();
  run_.plan.AddRule(RuleFor(point_, 2, 1'000'000));
  const VictimResult result = Run(std::string(kCalls, 'a'));
  EXPECT_EQ(result.journal.rules[0].hits, kCalls);
  EXPECT_THAT(RecordsOf(result, JournalRecord::kInjected), SizeIs(protocol::kMostInjectedRecords));
}

// With one rule of its own a function's calls are counted where they come in; with two, behind.
class CountingTest : public WidgetTest, public testing::WithParamInterface<bool> {};

TEST_P(CountingTest, EveryWayOfCountingFindsTheSameCalls) {
  Hook();
  PlanRule rule = RuleFor(point_, 3, 7);
  rule.step = 2;
  run_.plan.AddRule(rule);
  if (GetParam()) {
    run_.plan.AddRule(RuleFor(point_, 1000, 1000));
  }
  const VictimResult result = Run("aaaaaaaaa");
  EXPECT_EQ(result.output, "+-(12,0)+-(12,0)+-(12,0)+++\n");
  EXPECT_EQ(result.journal.rules[0].counted, 10u);  // one is before main
  EXPECT_EQ(result.journal.rules[0].hits, 3u);
}

TEST_P(CountingTest, ThreadsTogetherFailOneCallOnly) {
  Hook();
  run_.plan.AddRule(RuleFor(point_, 20'000, 20'000));
  if (GetParam()) {
    run_.plan.AddRule(RuleFor(point_, 100'000, 100'000));
  }
  const VictimResult result = run_.Run({"threads", "8", "5000"});
  EXPECT_EQ(result.output, "1\n");
  EXPECT_EQ(result.journal.rules[0].counted, 40'001u);
}

INSTANTIATE_TEST_SUITE_P(Rules, CountingTest, testing::Bool(), [](const auto& rules) {
  return std::string(rules.param ? "Two" : "One");
});

TEST_F(WidgetTest, FailsCallsBeforeMain) {
  Hook();
  PlanRule rule = RuleFor(point_, 1, UINT64_MAX);
  rule.phase = PlanRule::kBeforeMain;
  run_.plan.AddRule(rule);
  const VictimResult result = Run("ab");
  EXPECT_EQ(result.output, "++ none before main\n");
  const auto injected = RecordsOf(result, JournalRecord::kInjected);
  ASSERT_THAT(injected, SizeIs(1));
  EXPECT_NE(injected[0].flags & JournalRecord::kBeforeMain, 0);
}

TEST_F(WidgetTest, CountsOnlyCallsOfTheRulesPhase) {
  Hook();
  PlanRule rule = RuleFor(point_, 1, 1);
  rule.phase = PlanRule::kAfterMain;
  run_.plan.AddRule(rule);
  EXPECT_EQ(Run("aa").output, "-(12,0)+\n");
}

TEST_F(WidgetTest, FailsPersistentlyAndByStep) {
  Hook();
  PlanRule rule = RuleFor(point_, 3, UINT64_MAX);
  rule.step = 2;
  run_.plan.AddRule(rule);
  EXPECT_EQ(Run("aaaaaa").output, "+-(12,0)+-(12,0)+-(12,0)\n");
}

TEST_F(WidgetTest, EveryRuleCountsTheCallsThatOthersHit) {
  Hook();
  run_.plan.AddRule(RuleFor(point_, 2, 2));
  run_.plan.AddRule(RuleFor(point_, 3, 3));
  EXPECT_EQ(Run("aaa").output, "-(12,0)-(12,0)+\n");
}

TEST_F(WidgetTest, CountsOnlyBehindAHitOfAnotherRule) {
  Hook();
  const uint32_t first = run_.plan.AddRule(RuleFor(point_, 4, 4));
  PlanRule second = RuleFor(point_, 2, 2);
  second.after = first;
  run_.plan.AddRule(second);
  const VictimResult result = Run("aaaaaa");
  EXPECT_EQ(result.output, "++-(12,0)+-(12,0)+\n");
  EXPECT_EQ(result.journal.rules[1].counted, 3u);
}

TEST_F(WidgetTest, OverridesResultAndErrno) {
  Hook();
  PlanRule rule = RuleFor(point_, 2, 3);
  rule.errno_override = EIO;
  rule.has_override = 2;
  run_.plan.AddRule(rule);
  EXPECT_EQ(Run("a").output, "-(5,0)\n");
}

TEST_F(WidgetTest, SetsTheErrorVariableOfTheFailingThread) {
  Hook();
  run_.plan.SetErrorVariable(point_, kVictim, "widget_error", 31);
  run_.plan.AddRule(RuleFor(point_, 2, 2));
  EXPECT_EQ(Run("aa").output, "-(12,31)+\n");
}

TEST_F(WidgetTest, SelectsByDirectCaller) {
  Hook();
  PlanRule rule = RuleFor(point_, 2, 2);
  rule.caller_depth = PlanRule::kDirectCaller;
  run_.plan.AddRule(rule, {run_.plan.RangeOf(kVictim, "widget_of_b")});
  const VictimResult result = Run("aabaab");
  EXPECT_EQ(result.output, "+++++-(12,0)\n");
  EXPECT_EQ(result.journal.rules[0].counted, 2u);
}

TEST_F(WidgetTest, SelectsByAnyCaller) {
  Hook();
  run_.plan.AddRule(RuleFor(point_, 1, UINT64_MAX),
                    {run_.plan.RangeOf(kVictim, "widget_by_wrapper")});
  EXPECT_EQ(Run("abwb").output, "++-(12,0)+\n");
}

TEST_F(WidgetTest, RecordsCallsWithTheirSitesWhenAsked) {
  Hook();
  run_.plan.flags = protocol::kRecordSites;
  const VictimResult result = Run("aaab");
  EXPECT_THAT(RecordsOf(result, JournalRecord::kCall), SizeIs(5));
  std::multiset<uint64_t> calls;
  for (const JournalSite& site : result.journal.sites) {
    calls.insert(site.calls);
  }
  EXPECT_THAT(calls, testing::ElementsAre(1, 1, 3));
  const JournalRecord last = RecordsOf(result, JournalRecord::kCall)[3];
  EXPECT_EQ(last.occurrence, 3u);
}

// Sites and their calls are counted all the same.
TEST_F(WidgetTest, OfASiteOnlyTheFirstCallsAreWrittenDown) {
  Hook();
  run_.plan.flags = protocol::kRecordSites;
  const VictimResult result = Run(std::string(100, 'a'));
  EXPECT_THAT(RecordsOf(result, JournalRecord::kCall), SizeIs(1 + protocol::kMostRecordedCalls));
  uint64_t calls = 0;
  for (const JournalSite& site : result.journal.sites) {
    calls += site.calls;
  }
  EXPECT_EQ(calls, 101u) << "one of them before main";
}

TEST_F(WidgetTest, SitesAreEqualInEveryRunAndFailByOccurrence) {
  Hook();
  run_.plan.flags = protocol::kRecordSites;
  const VictimResult census = Run("abab");
  const auto calls = RecordsOf(census, JournalRecord::kCall);
  ASSERT_THAT(calls, SizeIs(5));
  const JournalSite site = census.journal.sites.at(calls[4].site);  // the second b
  EXPECT_EQ(site.calls, 2u);

  VictimRun second;
  const uint32_t point = second.plan.AddPoint("widget/make", 0, ENOMEM);
  second.plan.AddHook(kVictim, "make_widget", {point});
  PlanRule rule = RuleFor(point, 2, 2);
  rule.site = site.hash;
  second.plan.AddRule(rule);
  const VictimResult result = second.Run({"widgets", "ababab"});
  EXPECT_EQ(result.output, "+++-(12,0)++\n");
  const auto injected = RecordsOf(result, JournalRecord::kInjected);
  ASSERT_THAT(injected, SizeIs(1));
  EXPECT_EQ(injected[0].occurrence, 2u);
  EXPECT_EQ(result.journal.sites.at(injected[0].site).hash, site.hash);
}

TEST_F(WidgetTest, DropsWrapperFramesFromStacks) {
  Hook();
  run_.plan.flags = protocol::kRecordSites;
  run_.plan.AddWrapper(run_.plan.RangeOf(kVictim, "widget_of_b"));
  run_.plan.AddWrapper(run_.plan.RangeOf(kVictim, "widget_by_wrapper"));
  const VictimResult result = Run("w");
  const protocol::PlanRange of_b = run_.plan.RangeOf(kVictim, "widget_of_b");
  const protocol::PlanRange wrapper = run_.plan.RangeOf(kVictim, "widget_by_wrapper");
  const auto calls = RecordsOf(result, JournalRecord::kCall);
  ASSERT_THAT(calls, SizeIs(2));
  for (uint64_t frame : result.journal.stacks.at(calls[1].stack).frames) {
    const uint64_t offset = protocol::FrameOffset(frame);
    const bool of_victim = protocol::FrameModule(frame) == 0;
    EXPECT_FALSE(of_victim && offset > of_b.begin && offset <= of_b.end);
    EXPECT_FALSE(of_victim && offset > wrapper.begin && offset <= wrapper.end);
  }
}

TEST_F(WidgetTest, StacksReachMainWithoutFramesOfTheAgent) {
  Hook();
  run_.plan.flags = protocol::kRecordSites;
  const VictimResult result = Run("b");
  const auto calls = RecordsOf(result, JournalRecord::kCall);
  ASSERT_THAT(calls, SizeIs(2));
  const JournalStack& stack = result.journal.stacks.at(calls[1].stack);
  const protocol::PlanRange of_b = run_.plan.RangeOf(kVictim, "widget_of_b");
  const protocol::PlanRange main = run_.plan.RangeOf(kVictim, "main");
  EXPECT_GT(protocol::FrameOffset(stack.frames.at(0)), of_b.begin);
  EXPECT_LT(protocol::FrameOffset(stack.frames.at(0)), of_b.end);
  bool has_main = false;
  for (uint64_t frame : stack.frames) {
    const uint32_t module = protocol::FrameModule(frame);
    ASSERT_LT(module, result.journal.modules.size());
    EXPECT_THAT(result.journal.modules[module].path, Not(HasSubstr("libfaultline_agent")));
    const uint64_t offset = protocol::FrameOffset(frame);
    has_main = has_main || (module == 0 && offset > main.begin && offset < main.end);
  }
  EXPECT_TRUE(has_main);
}

TEST_F(WidgetTest, CallsThatDoNotMeetTheConditionsAreNotThePoints) {
  const uint32_t large =
      run_.plan.AddPoint("widget/large", 0, EFBIG, {{protocol::PlanCondition::kArgEquals, 0, 16}});
  run_.plan.AddHook(kVictim, "make_widget", {large});
  run_.plan.AddRule(RuleFor(large, 1, UINT64_MAX));
  EXPECT_EQ(Run("aba").output, "+-(27,0)+\n");
}

TEST_F(WidgetTest, ChanceIsTheSameInEveryRunOfASeed) {
  Hook();
  PlanRule rule = RuleFor(point_, 1, UINT64_MAX);
  rule.chance = uint64_t{1} << 52;  // one half
  rule.seed = 5;
  run_.plan.AddRule(rule);
  const std::string calls(100, 'a');
  const std::string first = Run(calls).output;
  const auto failed = std::count(first.begin(), first.end(), '-');
  EXPECT_GT(failed, 25);
  EXPECT_LT(failed, 75);
  std::filesystem::remove(run_.plan.journal_path);
  EXPECT_EQ(Run(calls).output, first);
}

TEST_F(WidgetTest, AReplacedArgumentMakesTheOriginalFailByItself) {
  PlanReplacement too_large;
  too_large.kind = PlanReplacement::kNumber;
  too_large.value = 1000;
  run_.plan.FailByReplacing(point_, too_large);
  Hook();
  run_.plan.AddRule(RuleFor(point_, 2, 2));
  const VictimResult result = Run("aaa");
  EXPECT_EQ(result.output, "-(12,0)++\n") << "one was made before main";
  EXPECT_THAT(RecordsOf(result, JournalRecord::kInjected), SizeIs(1));
}

TEST_F(WidgetTest, WhatAReplacementPointedAtIsPutBack) {
  const uint32_t toolbox = run_.plan.AddPoint("toolbox/make", 0, ENOMEM);
  PlanReplacement letter;
  letter.kind = PlanReplacement::kPointee;
  letter.width = 1;
  letter.value = 't';
  run_.plan.FailByReplacing(toolbox, letter);
  PlanRule rule = RuleFor(point_, 1, UINT64_MAX);
  rule.phase = PlanRule::kAfterMain;
  Hook();
  run_.plan.AddHook(kVictim, "make_toolbox", {toolbox});
  run_.plan.AddRule(rule);
  run_.plan.AddRule(RuleFor(toolbox, 2, 2));
  EXPECT_EQ(run_.Run({"toolboxes", "f", "f", "f"}).output, "-+-");
}

TEST_F(WidgetTest, AFailureMayBeReportedAfterTheCall) {
  const uint32_t toolbox = run_.plan.AddPoint("toolbox/make", 0, ENOMEM);
  run_.plan.FailAfterCall(toolbox);
  Hook();
  run_.plan.AddHook(kVictim, "make_toolbox", {toolbox});
  run_.plan.AddRule(RuleFor(toolbox, 1, 1));
  const VictimResult result = run_.Run({"toolboxes", "f", "f"});
  EXPECT_EQ(result.output, "-+");
  EXPECT_EQ(result.journal.hooks[hook_].calls, 3u) << "before main, and in both calls";
}

}  // namespace
}  // namespace faultline::agent
