#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "harness/agent/testing/widget_test.h"
#include "harness/base/unique_fd.h"

// The agent and its process: threads, signals, children, libraries, start and end.
namespace faultline::agent {
namespace {

using protocol::AgentState;
using protocol::HookStatus;
using protocol::JournalRecord;
using protocol::kNone;
using protocol::PlanObserver;
using protocol::PlanRule;
using testing::IsEmpty;
using testing::SizeIs;

class ProcessTest : public WidgetTest {
 protected:
  using Action = std::function<void(JournalFile& journal)>;

  // A run of the victim that makes one widget after another: behind each one of `actions`, and
  // behind the last of these it is killed.
  VictimResult RunSteps(const std::vector<Action>& actions) {
    size_t seen = 0;
    return run_.Run({"steps"}, [&](const std::string& piece, int input, JournalFile& journal) {
      ASSERT_THAT(piece, SizeIs(1));
      if (seen < actions.size()) {
        actions[seen++](journal);
      } else {
        kill(static_cast<pid_t>(journal.Read().target_pid), SIGKILL);
      }
      ASSERT_EQ(write(input, "\n", 1), 1);
    });
  }

  static void GoOn(JournalFile&) {}
};

TEST_F(ProcessTest, HarnessArmsAndDisarmsWhileTheTargetRuns) {
  Hook();
  PlanRule rule = RuleFor(point_, 1, UINT64_MAX);
  rule.armed_at_start = 0;
  const uint32_t index = run_.plan.AddRule(rule);
  const VictimResult result = RunSteps({[&](JournalFile& journal) {
                                          journal.SetStep(2);
                                          journal.Arm(index);
                                        },
                                        [&](JournalFile& journal) { journal.Disarm(index); }});
  EXPECT_EQ(result.output, "+-+");
  const auto injected = RecordsOf(result, JournalRecord::kInjected);
  ASSERT_THAT(injected, SizeIs(1));
  EXPECT_EQ(injected[0].step, 2u);
}

TEST_F(ProcessTest, ARuleThatIsArmedAgainCountsFromOneAgain) {
  Hook();
  const uint32_t index = run_.plan.AddRule(RuleFor(point_, 2, 2));  // the first is before main
  const auto arm = [&](JournalFile& journal) {
    journal.Arm(index);  // it is armed: goes on counting
  };
  const auto arm_again = [&](JournalFile& journal) {
    journal.Disarm(index);
    journal.Arm(index);
  };
  const VictimResult result = RunSteps({arm, arm_again, GoOn});
  EXPECT_EQ(result.output, "-++-");
  EXPECT_THAT(RecordsOf(result, JournalRecord::kInjected), SizeIs(2));
}

// Arming again would count from one: the call behind the pause would not be the second.
TEST_F(ProcessTest, CallsDuringAPauseAreNotCounted) {
  Hook();
  run_.plan.AddRule(RuleFor(point_, 3, 3));  // the first is before main
  const VictimResult result = RunSteps({[](JournalFile& journal) { journal.Pause(); }, GoOn,
                                        [](JournalFile& journal) { journal.Resume(); }, GoOn});
  EXPECT_EQ(result.output, "+++-+");
}

TEST_F(ProcessTest, SendsASignalAndLetsTheCallGoOn) {
  Hook();
  PlanRule rule = RuleFor(point_, 2, 2);
  rule.action = PlanRule::kSignal;
  rule.signal = SIGUSR1;
  run_.plan.AddRule(rule);
  const VictimResult result = run_.Run({"terminated"});
  EXPECT_EQ(result.output, "+1\n");
  EXPECT_THAT(RecordsOf(result, JournalRecord::kInjected), SizeIs(1));
}

TEST_F(ProcessTest, ThreadsLoseNoRecordAndFailOneCallOnly) {
  PlanObserver observer;
  observer.key = PlanObserver::kKeyNone;
  Hook(run_.plan.AddObserver("widget", observer));
  run_.plan.flags = protocol::kRecordSites;
  run_.plan.AddRule(RuleFor(point_, 5000, 5000));
  const VictimResult result = run_.Run({"threads", "8", "5000"});
  EXPECT_EQ(result.output, "1\n");
  EXPECT_EQ(result.journal.lost_records, 0u);
  EXPECT_EQ(result.journal.hooks[hook_].calls, 40'001u);
  EXPECT_EQ(RecordsOf(result, JournalRecord::kObserved).size(), 40'000u) << "one made nothing";
  EXPECT_THAT(RecordsOf(result, JournalRecord::kInjected), SizeIs(1));
  EXPECT_THAT(RecordsOf(result, JournalRecord::kThread), SizeIs(9));
  uint64_t calls = 0;
  uint64_t recorded = 0;
  for (const JournalSite& site : result.journal.sites) {
    calls += site.calls;
    recorded += std::min(site.calls, protocol::kMostRecordedCalls);
  }
  EXPECT_EQ(calls, 40'001u);
  std::set<uint64_t> occurrences;
  for (const JournalRecord& record : RecordsOf(result, JournalRecord::kCall)) {
    occurrences.insert(record.site * uint64_t{100'000} + record.occurrence);
  }
  EXPECT_THAT(occurrences, SizeIs(recorded));
}

TEST_F(ProcessTest, ACallInterruptedByAHandlerThatMakesHookedCallsIsUnharmed) {
  Hook();
  run_.plan.flags = protocol::kRecordSites;
  const uint32_t other = run_.plan.AddPoint("widget/arguments", 0, 0);
  PlanObserver observer;
  observer.wrap = 1;
  observer.stack_words = 5;
  observer.key = 0;
  run_.plan.AddHook(kVictim, "many_arguments", {other},
                    run_.plan.AddObserver("arguments", observer));
  EXPECT_EQ(run_.Run({"signals", "200"}).status, 0);
}

TEST_F(ProcessTest, ForkedChildIsLeftAloneAndNamed) {
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

TEST_F(ProcessTest, ForkedChildIsFollowedWhenAsked) {
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

TEST_F(ProcessTest, CallsOfAVforkChildAreNotTheTargets) {
  Hook();
  run_.plan.AddRule(RuleFor(point_, 2, 2));
  const VictimResult result = run_.Run({"shared-children"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output, "-");
  const auto injected = RecordsOf(result, JournalRecord::kInjected);
  ASSERT_THAT(injected, SizeIs(1));
  EXPECT_EQ(injected[0].pid, result.journal.target_pid);
}

TEST_F(ProcessTest, RefusesAHookWhoseBytesDiffer) {
  Hook();
  run_.plan.AddRule(RuleFor(point_, 2, 2));
  run_.plan.AddHook(kVictim, "note_error", {});
  run_.damage_plan = [](protocol::PlanHeader& plan) {
    auto* base = reinterpret_cast<std::byte*>(&plan);
    auto* hooks = reinterpret_cast<protocol::PlanHook*>(base + plan.hooks.offset);
    hooks[1].original[2] ^= 1;
  };
  const VictimResult result = Run("a");
  EXPECT_EQ(result.output, "-(12,0)\n");
  EXPECT_EQ(result.journal.hooks[hook_].status, HookStatus::kInstalled);
  EXPECT_EQ(result.journal.hooks[hook_ + 1].status, HookStatus::kBytesDiffer);
}

TEST_F(ProcessTest, LateLibrariesAreHookedBeforeTheirConstructorsRunAndAgainAfterReload) {
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

TEST_F(ProcessTest, LateLibrariesThatThePlanDoesNotKnowAreAnnounced) {
  const VictimResult result = run_.Run({"plugin", VictimRun::plugin()});
  EXPECT_EQ(result.output, "cl\ncl\n");
  const auto late = RecordsOf(result, JournalRecord::kLateModule);
  ASSERT_THAT(late, testing::Not(IsEmpty()));
  EXPECT_EQ(result.journal.modules.at(late[0].index).path, VictimRun::plugin());
}

TEST_F(ProcessTest, ExecutedChildrenDoNotInheritTheAgent) {
  run_.preload_before = "libm.so.6";
  const VictimResult result = run_.Run({"environment"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output, "LD_PRELOAD=libm.so.6\nKEPT=yes\n");
}

TEST_F(ProcessTest, TheMainProgramAndItsPhasesAreJournaled) {
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

TEST_F(ProcessTest, WhatIsOpenAtTheExitIsJournaled) {
  const VictimResult result = run_.Run({"exit", "return"});
  std::set<uint64_t> numbers;
  for (const JournalRecord& record : RecordsOf(result, JournalRecord::kOpenFile)) {
    EXPECT_TRUE(numbers.insert(record.key).second) << record.key << " twice";
    EXPECT_STRNE(record.label, "");
    EXPECT_THAT(record.label, testing::Not(testing::HasSubstr("/proc/self/fd")));
  }
  EXPECT_THAT(numbers, testing::IsSupersetOf({0u, 1u, 2u}));
}

TEST_F(ProcessTest, AnotherProgramThanThePlansIsLeftAlone) {
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

// fiu-ctrl's own protocol: a line into one FIFO, an answer from the other.
void SwitchOnByHand(const std::string& prefix, const std::string& command) {
  const UniqueFd in(open((prefix + ".in").c_str(), O_WRONLY | O_CLOEXEC));
  const UniqueFd out(open((prefix + ".out").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(write(in.get(), command.data(), command.size()), static_cast<ssize_t>(command.size()));
  char answer[8] = {};
  ASSERT_GT(read(out.get(), answer, sizeof(answer) - 1), 0);
  EXPECT_STREQ(answer, "0\n");
}

TEST_F(ProcessTest, PointsCanBeSwitchedOnByHand) {
  Hook();
  run_.plan.flags = protocol::kRemoteControl;
  run_.plan.fifo_prefix = run_.directory() / "fiu";
  const auto by_hand = [this](const std::string& command) {
    return [this, command](JournalFile& journal) {
      SwitchOnByHand(
          run_.plan.fifo_prefix + "-" + std::to_string(uint32_t{journal.Read().target_pid}),
          command);
    };
  };
  const VictimResult result =
      RunSteps({by_hand("enable name=widget/*\n"), by_hand("disable name=widget/*\n")});
  EXPECT_EQ(result.output, "+-+");
  const auto injected = RecordsOf(result, JournalRecord::kInjected);
  ASSERT_THAT(injected, SizeIs(1));
  EXPECT_EQ(injected[0].rule, kNone);
}

TEST_F(ProcessTest, APlanThatCannotBeFollowedLeavesTheTargetAloneAndIsSaid) {
  Hook();
  run_.plan.AddRule(RuleFor(point_, 1, UINT64_MAX));
  run_.damage_plan = [](protocol::PlanHeader& plan) { plan.site_depth = 0; };
  const VictimResult result = Run("ab");
  EXPECT_EQ(result.output, "++\n");
  EXPECT_EQ(result.journal.agent_state, AgentState::kInert);
  EXPECT_EQ(result.journal.agent_message, "the plan is damaged: header");
  EXPECT_EQ(result.journal.hooks[hook_].status, HookStatus::kPending);
}

}  // namespace
}  // namespace faultline::agent
