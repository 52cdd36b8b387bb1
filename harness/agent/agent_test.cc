#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "harness/agent/testing/victim_run.h"

// The agent as a whole, preloaded into a real program under plans made by hand.
namespace faultline::agent {
namespace {

using protocol::AgentState;
using protocol::HookStatus;
using protocol::JournalRecord;
using protocol::kNone;
using protocol::PlanObserver;
using protocol::PlanRule;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr uint32_t kVictim = 0;  // the plan's first module

std::vector<JournalRecord> RecordsOf(const VictimResult& result, JournalRecord::Kind kind) {
  std::vector<JournalRecord> records;
  for (const JournalRecord& record : result.journal.records) {
    if (record.kind == kind) {
      records.push_back(record);
    }
  }
  return records;
}

PlanRule RuleFor(uint32_t point, uint64_t first, uint64_t last) {
  PlanRule rule;
  rule.point = point;
  rule.first = first;
  rule.last = last;
  return rule;
}

// A run with one point, "widget/make", on make_widget: fails with NULL and ENOMEM (12).
class WidgetTest : public testing::Test {
 protected:
  void Hook(uint32_t observer = kNone) {
    hook_ = run_.plan.AddHook(kVictim, "make_widget", {point_}, observer);
  }
  VictimResult Run(const std::string& calls) { return run_.Run({"widgets", calls}); }

  VictimRun run_;
  uint32_t point_ = run_.plan.AddPoint("widget/make", 0, ENOMEM);
  uint32_t hook_ = 0;
};

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

TEST_F(WidgetTest, RecordsEveryCallWithItsSiteWhenAsked) {
  Hook();
  run_.plan.flags = protocol::kRecordAllCalls;
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

TEST_F(WidgetTest, SitesAreEqualInEveryRunAndFailByOccurrence) {
  Hook();
  run_.plan.flags = protocol::kRecordAllCalls;
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
  run_.plan.flags = protocol::kRecordAllCalls;
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
  run_.plan.flags = protocol::kRecordAllCalls;
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

TEST_F(WidgetTest, HarnessArmsAndDisarmsWhileTheTargetRuns) {
  Hook();
  PlanRule rule = RuleFor(point_, 1, UINT64_MAX);
  rule.armed_at_start = 0;
  const uint32_t index = run_.plan.AddRule(rule);
  int seen = 0;
  const VictimResult result =
      run_.Run({"steps"}, [&](const std::string& piece, int input, JournalFile& journal) {
        ASSERT_THAT(piece, SizeIs(1));
        switch (++seen) {
          case 1:
            journal.SetStep(2);
            journal.Arm(index);
            break;
          case 2:
            journal.Disarm(index);
            break;
          default:
            kill(static_cast<pid_t>(journal.Read().target_pid), SIGKILL);
        }
        ASSERT_EQ(write(input, "\n", 1), 1);
      });
  EXPECT_EQ(result.output, "+-+");
  const auto injected = RecordsOf(result, JournalRecord::kInjected);
  ASSERT_THAT(injected, SizeIs(1));
  EXPECT_EQ(injected[0].step, 2u);
}

TEST_F(WidgetTest, SendsASignalAndLetsTheCallGoOn) {
  Hook();
  PlanRule rule = RuleFor(point_, 2, 2);
  rule.action = PlanRule::kSignal;
  rule.signal = SIGUSR1;
  run_.plan.AddRule(rule);
  const VictimResult result = run_.Run({"terminated"});
  EXPECT_EQ(result.output, "+1\n");
  EXPECT_THAT(RecordsOf(result, JournalRecord::kInjected), SizeIs(1));
}

TEST_F(WidgetTest, ThreadsLoseNoRecordAndFailOneCallOnly) {
  Hook();
  run_.plan.flags = protocol::kRecordAllCalls;
  run_.plan.AddRule(RuleFor(point_, 5000, 5000));
  const VictimResult result = run_.Run({"threads", "8", "5000"});
  EXPECT_EQ(result.output, "1\n");
  EXPECT_EQ(result.journal.lost_records, 0u);
  EXPECT_EQ(result.journal.hooks[hook_].calls, 40'001u);
  EXPECT_THAT(RecordsOf(result, JournalRecord::kCall), SizeIs(40'000));
  EXPECT_THAT(RecordsOf(result, JournalRecord::kInjected), SizeIs(1));
  EXPECT_THAT(RecordsOf(result, JournalRecord::kThread), SizeIs(9));
  std::set<uint64_t> occurrences;
  uint64_t calls = 0;
  for (const JournalRecord& record : result.journal.records) {
    if (record.site != kNone) {
      occurrences.insert(record.site * 100'000 + record.occurrence);
    }
  }
  for (const JournalSite& site : result.journal.sites) {
    calls += site.calls;
  }
  EXPECT_EQ(calls, 40'001u);
  EXPECT_THAT(occurrences, SizeIs(40'001));
}

TEST_F(WidgetTest, ACallInterruptedByAHandlerThatMakesHookedCallsIsUnharmed) {
  Hook();
  run_.plan.flags = protocol::kRecordAllCalls;
  const uint32_t other = run_.plan.AddPoint("widget/arguments", 0, 0);
  PlanObserver observer;
  observer.wrap = 1;
  observer.stack_words = 5;
  observer.key = 0;
  run_.plan.AddHook(kVictim, "many_arguments", {other},
                    run_.plan.AddObserver("arguments", observer));
  EXPECT_EQ(run_.Run({"signals", "200"}).status, 0);
}

TEST_F(WidgetTest, ForkedChildIsLeftAloneAndNamed) {
  Hook();
  PlanRule rule = RuleFor(point_, 2, UINT64_MAX);
  run_.plan.AddRule(rule);
  const VictimResult result = run_.Run({"fork"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '+'), 1);  // the child's
  EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '-'), 2);
  EXPECT_EQ(result.journal.hooks[hook_].calls, 3u);
  const auto forked = RecordsOf(result, JournalRecord::kForked);
  ASSERT_THAT(forked, SizeIs(1));
  EXPECT_EQ(forked[0].key, forked[0].pid);
  EXPECT_NE(forked[0].pid, result.journal.target_pid);
  EXPECT_NE(forked[0].flags & JournalRecord::kInChild, 0);
}

TEST_F(WidgetTest, ForkedChildIsFollowedWhenAsked) {
  Hook();
  run_.plan.flags = protocol::kFollowFork;
  run_.plan.AddRule(RuleFor(point_, 2, UINT64_MAX));
  const VictimResult result = run_.Run({"fork"});
  EXPECT_EQ(result.output, "---");
  const auto injected = RecordsOf(result, JournalRecord::kInjected);
  ASSERT_THAT(injected, SizeIs(3));
  EXPECT_EQ(std::count_if(injected.begin(), injected.end(),
                          [](auto& r) { return (r.flags & JournalRecord::kInChild) != 0; }),
            1);
}

TEST_F(WidgetTest, CallsOfAVforkChildAreNotTheTargets) {
  Hook();
  run_.plan.AddRule(RuleFor(point_, 2, 2));
  const VictimResult result = run_.Run({"shared-children"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output, "-");
  const auto injected = RecordsOf(result, JournalRecord::kInjected);
  ASSERT_THAT(injected, SizeIs(1));
  EXPECT_EQ(injected[0].pid, result.journal.target_pid);
}

TEST_F(WidgetTest, RefusesAHookWhoseBytesDiffer) {
  Hook();
  run_.plan.AddRule(RuleFor(point_, 2, 2));
  run_.plan.AddHook(kVictim, "main", {});  // does not start with nops
  const VictimResult result = Run("a");
  EXPECT_EQ(result.output, "-(12,0)\n");
  EXPECT_EQ(result.journal.hooks[hook_].status, HookStatus::kInstalled);
  EXPECT_EQ(result.journal.hooks[hook_ + 1].status, HookStatus::kBytesDiffer);
}

class AgentTest : public testing::Test {
 protected:
  // Hooks all functions with awkward signatures, observed with `observer`.
  void HookSignatures(const PlanObserver& observer) {
    const uint32_t index = run_.plan.AddObserver("signature", observer);
    for (const char* symbol :
         {"many_arguments", "many_doubles", "variable_arguments", "long_double", "returns_pair",
          "returns_large", "many_vectors", "register_probe"}) {
      run_.plan.AddHook(kVictim, symbol, {run_.plan.AddPoint(symbol, 0, 0)}, index);
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

TEST_F(AgentTest, EveryRegisterSurvivesTheFastPath) {
  for (const char* symbol : {"many_arguments", "variable_arguments", "register_probe"}) {
    run_.plan.AddHook(kVictim, symbol, {});
  }
  ExpectSignaturesWork();
}

TEST_F(AgentTest, EveryRegisterSurvivesARecordedCall) {
  run_.plan.flags = protocol::kRecordAllCalls;
  PlanObserver observer;
  observer.key = PlanObserver::kKeyNone;
  HookSignatures(observer);
  ExpectSignaturesWork();
}

TEST_F(AgentTest, EveryRegisterSurvivesAWrappedCall) {
  PlanObserver observer;
  observer.key = PlanObserver::kKeyResult;
  observer.wrap = 1;
  observer.stack_words = 12;
  HookSignatures(observer);
  ExpectSignaturesWork();
}

TEST_F(AgentTest, ExceptionsAndThreadExitPassThroughWrappedCalls) {
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

TEST_F(AgentTest, ObserversTellKeyLabelNestingAndErrorNotes) {
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

TEST_F(AgentTest, AFailedCallOfAWrappedObserverIsJournaledTwice) {
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

TEST_F(AgentTest, LateLibrariesAreHookedBeforeTheirConstructorsRunAndAgainAfterReload) {
  const uint32_t plugin = run_.plan.AddModule(VictimRun::plugin(), /*is_main=*/false);
  const uint32_t point = run_.plan.AddPoint("gadget/make", 0, 0);
  const uint32_t hook = run_.plan.AddHook(plugin, "make_gadget", {point});
  PlanRule rule = RuleFor(point, 1, UINT64_MAX);
  rule.step = 3;  // calls 1 and 4: the first constructor, the second direct call
  run_.plan.AddRule(rule);
  const VictimResult result = run_.Run({"plugin", VictimRun::plugin()});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output, "-l\nc-\n");
  EXPECT_EQ(result.journal.hooks[hook].calls, 4u);
  EXPECT_EQ(result.journal.hooks[hook].status, HookStatus::kPending);  // unloaded at the end
  const bool listed = std::any_of(
      result.journal.modules.begin(), result.journal.modules.end(),
      [](const JournalModule& m) { return m.planned && m.path == VictimRun::plugin(); });
  EXPECT_TRUE(listed);
}

TEST_F(AgentTest, LateLibrariesThatThePlanDoesNotKnowAreAnnounced) {
  const VictimResult result = run_.Run({"plugin", VictimRun::plugin()});
  EXPECT_EQ(result.output, "cl\ncl\n");
  const auto late = RecordsOf(result, JournalRecord::kLateModule);
  ASSERT_THAT(late, testing::Not(IsEmpty()));
  EXPECT_EQ(result.journal.modules.at(late[0].index).path, VictimRun::plugin());
}

TEST_F(AgentTest, ExecutedChildrenDoNotInheritTheAgent) {
  run_.preload_before = "libm.so.6";
  const VictimResult result = run_.Run({"environment"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output, "LD_PRELOAD=libm.so.6\nKEPT=yes\n");
}

TEST_F(AgentTest, TheMainProgramAndItsPhasesAreJournaled) {
  const VictimResult returned = run_.Run({"exit", "return"});
  EXPECT_EQ(returned.status, 5);
  EXPECT_TRUE(returned.journal.modules.at(0).is_main);
  EXPECT_TRUE(returned.journal.modules.at(0).planned);
  EXPECT_EQ(returned.journal.modules.at(0).path, VictimRun::program());
  ASSERT_THAT(RecordsOf(returned, JournalRecord::kMainEntered), SizeIs(1));
  EXPECT_EQ(RecordsOf(returned, JournalRecord::kMainEntered)[0].flags, 0);
  ASSERT_THAT(RecordsOf(returned, JournalRecord::kExiting), SizeIs(1));
  EXPECT_EQ(RecordsOf(returned, JournalRecord::kExiting)[0].key, 5u);

  std::filesystem::remove(run_.plan.journal_path);
  const VictimResult exited = run_.Run({"exit", "call"});
  EXPECT_EQ(exited.status, 6);
  ASSERT_THAT(RecordsOf(exited, JournalRecord::kExiting), SizeIs(1));
  EXPECT_EQ(RecordsOf(exited, JournalRecord::kExiting)[0].key, 6u);
}

TEST_F(AgentTest, AnotherProgramThanThePlansIsLeftAlone) {
  VictimRun run;
  run.plan = PlanBuilder();
  run.plan.journal_path = run.directory() / "journal";
  run.plan.AddModule(VictimRun::plugin(), /*is_main=*/true);  // another build-id
  const uint32_t point = run.plan.AddPoint("gadget/make", 0, 0);
  run.plan.AddHook(0, "make_gadget", {point});
  run.plan.AddRule(RuleFor(point, 1, UINT64_MAX));
  const VictimResult result = run.Run({"widgets", "ab"});
  EXPECT_EQ(result.output, "++\n");
  EXPECT_EQ(result.journal.hooks[0].status, HookStatus::kPending);
}

}  // namespace
}  // namespace faultline::agent
