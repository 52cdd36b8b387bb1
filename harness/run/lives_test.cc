// Restarts and faults of one life among several, on shell scripts for targets.
#include "harness/run/lives.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <csignal>

#include "harness/run/program_lookup.h"
#include "harness/run/testing/script_target.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Status = StepResult::Status;
using Ended = ExitStatus::Kind;

class LivesTest : public testkit::ScriptTarget {};

// Each start counts in a file of the run's directory.
constexpr char kCounts[] =
    "trap 'echo bye; exit 0' TERM; echo x >> starts; echo start $(wc -l < starts); echo ready; "
    "while :; do read line; done";

TEST_F(LivesTest, ARestartFindsWhatTheFirstStartLeft) {
  Script(kCounts);
  Add(WaitReadyStep{});
  Add(RestartStep{});
  Add(WaitReadyStep{});
  Add(ExpectLogStep{"^start 2$"});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence),
              ElementsAre(Status::kDone, Status::kDone, Status::kDone, Status::kDone));
  ASSERT_THAT(evidence.lives, SizeIs(2));
  EXPECT_EQ(evidence.lives[0].exit.kind, Ended::kExited);
  EXPECT_THAT(evidence.lives[0].steps, SizeIs(1));
  EXPECT_THAT(evidence.lives[1].steps, SizeIs(3));
  EXPECT_EQ(evidence.lives[0].log.back().text, "bye");
  EXPECT_GE(evidence.steps[2].begin_ms, evidence.lives[0].total_ms);  // since the first start
  EXPECT_THAT(Findings(evidence), IsEmpty());
}

// The process between is still busy when the daemon is up.
TEST_F(LivesTest, ADaemonThatForksTwiceIsFollowedToTheLast) {
  profile_.detaches = true;
  Script(
      "( ( trap 'echo bye; exit 0' TERM; echo ready; while :; do read line || sleep 0.01; done ) & "
      "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done ) & exit 0");
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Findings(evidence), IsEmpty());
  EXPECT_EQ(evidence.log.back().text, "bye");
}

TEST_F(LivesTest, ARestartByASignalEndsAsWritten) {
  Script(kCounts);
  Add(WaitReadyStep{});
  Add(RestartStep{SIGKILL});
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  ASSERT_THAT(evidence.lives, SizeIs(2));
  EXPECT_EQ(evidence.lives[0].exit.kind, Ended::kSignaled);
  EXPECT_EQ(evidence.lives[0].exit.code, SIGKILL);
  EXPECT_FALSE(evidence.lives[0].asked_to_stop);
  EXPECT_THAT(Findings(evidence), IsEmpty());
}

TEST_F(LivesTest, WhatComesBehindAnEndThatAStepBroughtAboutIsDone) {
  Script(testkit::kObedient);
  Add(WaitReadyStep{});
  Add(SignalStep{SIGKILL});
  Add(WaitExitStep{});
  Add(CommandStep{{"sh", "-c", "exit 0"}}).even_if_gone = true;
  Add(RestartStep{});
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ::testing::Each(Status::kDone));
  EXPECT_THAT(Findings(evidence), IsEmpty());
}

TEST_F(LivesTest, ACrashBeforeARestartIsFound) {
  Script(
      "echo x >> starts; echo ready; test $(wc -l < starts) -gt 1 || kill -SEGV $$$$; "
      "trap 'exit 0' TERM; while :; do read line; done");
  Add(WaitExitStep{});
  Add(RestartStep{});
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kUnmet, Status::kDone, Status::kDone));
  const std::vector<Finding> findings = Findings(evidence);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].kind, "crash");
  EXPECT_EQ(findings[0].details.back(), "in life 1 of 2");
}

TEST_F(LivesTest, ASecondStartThatFailsIsFound) {
  Script(
      "test -e starts && { echo 'locked'; exit 1; }; echo x > starts; trap 'exit 0' TERM; "
      "echo ready; while :; do read line; done");
  Add(WaitReadyStep{});
  Add(RestartStep{});
  Add(WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kDone, Status::kTargetGone));
  const std::vector<Finding> findings = Findings(evidence);
  ASSERT_FALSE(findings.empty());
  EXPECT_THAT(findings[0].details, ::testing::Contains("in life 2 of 2"));
}

// Cycles of start and stop that leave one file more each time.
constexpr char kLeaves[] =
    "trap 'exit 0' TERM; echo x > left.$$$$; echo ready; while :; do read line; done";
constexpr char kLeavesOnce[] =
    "trap 'exit 0' TERM; echo x > left; echo ready; while :; do read line; done";

TEST_F(LivesTest, WhatGrowsWithEachStartIsALeak) {
  for (const bool grows : {true, false}) {
    Script(grows ? kLeaves : kLeavesOnce);
    scenario_.steps.clear();
    Add(WaitReadyStep{});
    for (int start = 2; start <= 3; ++start) {
      Add(RestartStep{});
      Add(WaitReadyStep{});
    }
    const std::vector<Finding> findings = Findings(Execute());
    ASSERT_THAT(findings, SizeIs(grows ? 1 : 0));
    if (grows) {
      EXPECT_EQ(findings[0].kind, "leak");
      EXPECT_THAT(findings[0].title, HasSubstr("1 after the first, 3 after 3"));
    }
  }
}

Fault FaultOf(const std::string& id, uint64_t last = 1) {
  Fault fault;
  fault.id = id;
  fault.last = last;
  return fault;
}

std::vector<std::string> Ids(const std::vector<Fault>& faults) {
  std::vector<std::string> ids;
  for (const Fault& fault : faults) {
    ids.push_back(fault.id);
  }
  return ids;
}

TEST_F(LivesTest, FaultsThatHaveHitAllTheirCallsAreOver) {
  Evidence before;
  for (const char* id : {"once", "twice", "ever"}) {
    before.injections.emplace_back().fault = id;
  }
  EXPECT_THAT(Ids(FaultsOfNextLife(
                  {FaultOf("once"), FaultOf("twice", 2), FaultOf("ever", UINT64_MAX)}, before, {})),
              ElementsAre("twice", "ever"));
}

// "3", "2..", "2..8+3", as a life of `calls` calls leaves them for the next one.
TEST_F(LivesTest, CallsCountOnInTheNextLife) {
  const auto left = [](uint64_t first, uint64_t last, uint64_t step, uint64_t calls) {
    Fault fault = FaultOf("fault", last);
    fault.first = first;
    fault.step = step;
    const std::vector<Fault> next = FaultsOfNextLife({fault}, Evidence(), {{"fault", calls}});
    return next.empty() ? std::vector<uint64_t>()
                        : std::vector<uint64_t>{next[0].first, next[0].last};
  };
  EXPECT_THAT(left(3, 3, 1, 2), ElementsAre(1, 1));
  EXPECT_THAT(left(3, 3, 1, 3), IsEmpty());
  EXPECT_THAT(left(2, UINT64_MAX, 1, 0), ElementsAre(2, UINT64_MAX));
  EXPECT_THAT(left(2, UINT64_MAX, 1, 1), ElementsAre(1, UINT64_MAX));
  EXPECT_THAT(left(2, UINT64_MAX, 1, 7), ElementsAre(1, UINT64_MAX));
  EXPECT_THAT(left(2, 8, 3, 4), ElementsAre(1, 4));  // 5 and 8 are left
  EXPECT_THAT(left(2, 8, 3, 5), ElementsAre(3, 3));
  EXPECT_THAT(left(2, 8, 3, 8), IsEmpty());
}

TEST_F(LivesTest, WhatIsNotArmedCountsAnewAndASiteCountsItsOwnCalls) {
  Fault armed = FaultOf("armed");
  Fault disarmed = FaultOf("disarmed");
  disarmed.armed_at_start = false;
  Fault site = FaultOf("site");
  site.site = 0xabc;
  JournalSnapshot journal;
  journal.rules = {{.counted = 2}, {.counted = 3}, {.counted = 4}};
  journal.sites = {{.hash = 0x7, .calls = 8}, {.hash = 0xabc, .calls = 5}};
  const auto counted =
      CountedCalls({armed, disarmed, site}, {"site", "disarmed", "armed"}, journal);
  EXPECT_THAT(counted, ElementsAre(std::pair("armed", 4U), std::pair("site", 5U)));
}

TEST_F(LivesTest, WhatComesAfterAFaultThatIsOverWaitsForNothing) {
  Fault later = FaultOf("later", UINT64_MAX);
  later.after = "site";
  const std::vector<Fault> faults = {FaultOf("site"), later};
  Evidence before;
  EXPECT_EQ(FaultsOfNextLife(faults, before, {}).at(1).after, "site");
  before.injections.emplace_back().fault = "site";
  const std::vector<Fault> next = FaultsOfNextLife(faults, before, {});
  ASSERT_THAT(next, SizeIs(1));
  EXPECT_EQ(next[0].after, "");
}

TEST_F(LivesTest, AFaultOfOneLifeIsThereInThatOneAlone) {
  Fault second = FaultOf("second");
  second.life = 2;
  Fault later = FaultOf("later", UINT64_MAX);
  later.after = "second";
  Fault last = FaultOf("last");
  last.after = "later";
  const std::vector<Fault> faults = {FaultOf("any"), second, later, last};
  // What waits for it does so in that life too, and what waits for that.
  EXPECT_THAT(Ids(FaultsOfLife(faults, 1)), ElementsAre("any"));
  EXPECT_THAT(Ids(FaultsOfLife(faults, 2)), ElementsAre("any", "second", "later", "last"));
  Evidence hit;
  hit.injections.emplace_back().fault = "second";
  EXPECT_THAT(Ids(FaultsOfLife(FaultsOfNextLife(faults, hit, {}), 3)),
              ElementsAre("any", "later", "last"));
}

// The agent is in the target: real calls fail.
class HookedLivesTest : public LivesTest {
 protected:
  // A shell opens a file for each redirection.
  HookedLivesTest() {
    FaultPoint& point = catalogue_.points.emplace_back();
    point.name = "libc/open";
    point.symbols = {"open", "open64"};
    point.kind = FaultPoint::Kind::kLeaf;
    point.failure.result = -1;
    point.failure.errno_value = EACCES;
    // Says for each line that it reads whether it could write it to a file.
    Script(
        "trap 'exit 0' TERM; echo ready; while read line; do "
        "echo $line > out && echo hello || echo failed; done");
  }
  Fault& AddFault() {
    Fault& fault = scenario_.faults.emplace_back();
    fault.id = "open";
    fault.point = "libc/open";
    return fault;
  }
  Evidence ExecuteHooked() {
    RunRequest request{scenario_, profile_, catalogue_};
    request.program = "/bin/dash";
    request.agent = RequireAgent(OwnDirectory());
    request.observe = false;
    request.faults = scenario_.faults;
    return ColdExecutor().Execute(request);
  }
  static std::vector<size_t> HitsByLife(const Evidence& evidence) {
    std::vector<size_t> hits;
    for (const Evidence& life : evidence.lives) {
      hits.push_back(life.injections.size());
    }
    return hits;
  }
  void AddLives(int lives) {
    for (int i = 0; i < lives; ++i) {
      if (i > 0) {
        Add(RestartStep{});
      }
      Add(WaitReadyStep{});
      Add(TerminalStep{"hello\n"});
      Add(ExpectLogStep{"^(hello|failed)$"});
    }
  }
};

TEST_F(HookedLivesTest, AFaultOfTheSecondLifeHitsThere) {
  AddFault().life = 2;
  AddLives(3);
  const Evidence evidence = ExecuteHooked();
  EXPECT_THAT(HitsByLife(evidence), ElementsAre(0, 1, 0));
  EXPECT_THAT(evidence.faults_not_reached, IsEmpty());
}

// Each life makes one call, and a persistent fault spares the first alone.
TEST_F(HookedLivesTest, CallsCountOverAllLives) {
  Fault& fault = AddFault();
  fault.first = 2;
  fault.last = UINT64_MAX;
  AddLives(3);
  EXPECT_THAT(HitsByLife(ExecuteHooked()), ElementsAre(0, 1, 1));
}

TEST_F(HookedLivesTest, AFaultOfALifeThatNeverComesIsNotReached) {
  AddFault().life = 3;
  AddLives(2);
  EXPECT_THAT(ExecuteHooked().faults_not_reached, ElementsAre("open"));
}

TEST_F(HookedLivesTest, WhatAStepHasArmedStaysArmedOverARestart) {
  Fault& fault = AddFault();
  fault.armed_at_start = false;
  fault.last = UINT64_MAX;
  Add(WaitReadyStep{});
  Add(ArmStep{{"open"}});  // nothing of the first life is made to fail
  Add(RestartStep{});
  AddLives(1);
  Add(DisarmStep{{"open"}});
  Add(RestartStep{});
  AddLives(1);
  EXPECT_THAT(HitsByLife(ExecuteHooked()), ElementsAre(0, 1, 0));
}

}  // namespace
}  // namespace faultline
