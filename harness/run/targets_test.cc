// Several targets in one run, on shell scripts for targets.
#include "harness/run/targets.h"

#include <gmock/gmock.h>

#include <csignal>

#include "harness/run/program_lookup.h"
#include "harness/run/testing/script_target.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Status = StepResult::Status;
using Ended = ExitStatus::Kind;

class TargetsTest : public testkit::ScriptTarget {
 protected:
  Target& AddTarget(const std::string& name, const std::string& script) {
    auto target = std::make_shared<Target>();
    target->name = name;
    target->profile_name = "sh";
    target->profile.name = "sh";
    target->profile.args = {"-c", script};
    target->profile.ready.kind = ReadyCondition::Kind::kLogLine;
    target->profile.ready.value = "^ready";
    if (scenario_.targets.empty()) {
      scenario_.subject = name;
      scenario_.profile = "sh";
      profile_ = target->profile;
    }
    scenario_.targets.push_back(target);
    return *target;
  }
  Step& AddTo(const std::string& target, decltype(Step::action) action) {
    Step& step = Add(std::move(action));
    step.target = target;
    return step;
  }
  static const Evidence& Of(const Evidence& evidence, const std::string& target) {
    static const Evidence none;
    for (const Evidence& one : evidence.targets) {
      if (one.target == target) {
        return one;
      }
    }
    ADD_FAILURE() << "no evidence of " << target;
    return none;
  }
  static std::vector<std::string> Lines(const Evidence& evidence) {
    std::vector<std::string> lines;
    for (const LogLine& line : evidence.log) {
      lines.push_back(line.text);
    }
    return lines;
  }
};

TEST_F(TargetsTest, AStepSpeaksToTheTargetThatItNames) {
  AddTarget("one", testkit::kObedient);
  AddTarget("two", testkit::kObedient);
  AddTo("one", WaitReadyStep{});
  AddTo("two", WaitReadyStep{});
  AddTo("two", TerminalStep{"hello\n"});
  AddTo("two", ExpectLogStep{"^got hello$"});
  AddTo("one", ExpectNoLogStep{"^got"});
  const Evidence evidence = Execute();
  ASSERT_THAT(evidence.targets, SizeIs(2));
  EXPECT_THAT(Statuses(Of(evidence, "one")), ElementsAre(Status::kDone, Status::kDone));
  EXPECT_THAT(Statuses(Of(evidence, "two")),
              ElementsAre(Status::kDone, Status::kDone, Status::kDone));
  EXPECT_THAT(Lines(Of(evidence, "two")), Contains("got hello"));
  EXPECT_THAT(Lines(Of(evidence, "one")), Not(Contains("got hello")));
  // Together they say whose they are, in the order of the scenario.
  EXPECT_THAT(Lines(evidence), Contains("two: got hello"));
  ASSERT_THAT(evidence.steps, SizeIs(5));
  EXPECT_EQ(evidence.steps[0].title, "one: wait until ready");
  EXPECT_EQ(evidence.steps[2].title, "two: type");
  EXPECT_THAT(Findings(evidence), IsEmpty());
}

TEST_F(TargetsTest, EachHasItsOwnDirectorySocketAndPrefixAndKnowsTheOthers) {
  const std::string says =
      "trap 'exit 0' TERM; echo \"$MINE|$OTHERS\"; echo ready; while :; do read line; done";
  AddTarget("one", says).environment = {
      {"MINE", "${run_dir} ${rpc_socket} ${file_prefix} ${free_port}"}, {"OTHERS", ""}};
  AddTarget("two", says).environment = {
      {"MINE", "${run_dir} ${rpc_socket} ${file_prefix} ${free_port}"},
      {"OTHERS", "${one.run_dir} ${one.rpc_socket} ${one.file_prefix} ${one.free_port}"}};
  AddTo("one", WaitReadyStep{});
  AddTo("two", WaitReadyStep{});
  const Evidence evidence = Execute();
  const std::string one = Lines(Of(evidence, "one")).at(0);
  const std::string two = Lines(Of(evidence, "two")).at(0);
  const std::string own = two.substr(0, two.find('|'));
  EXPECT_EQ(two.substr(two.find('|') + 1), one.substr(0, one.find('|')));
  EXPECT_NE(own + "|", one);
}

TEST_F(TargetsTest, WhatIsSharedIsTheSame) {
  const std::string says =
      "trap 'exit 0' TERM; echo \"$PWD $MINE\"; echo ready; while :; do read line; done";
  const std::map<std::string, std::string> mine = {
      {"MINE", "${run_dir} ${rpc_socket} ${file_prefix} ${cpu} ${cpu_mask} ${free_port}"}};
  AddTarget("one", says).environment = mine;
  Target& two = AddTarget("two", says);
  two.environment = mine;
  for (const std::string& thing : SharedThings()) {
    two.shares[thing] = "one";
  }
  AddTo("one", WaitReadyStep{});
  AddTo("two", WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_EQ(Lines(Of(evidence, "one")).at(0), Lines(Of(evidence, "two")).at(0));
}

TEST_F(TargetsTest, ASharedDirectoryHasASocketOfEachUnlessThatIsSharedToo) {
  const std::string says = "trap 'exit 0' TERM; echo $S; echo ready; while :; do read line; done";
  AddTarget("one", says).environment = {{"S", "${rpc_socket}"}};
  Target& two = AddTarget("two", says);
  two.environment = {{"S", "${rpc_socket}"}};
  two.shares = {{"run_dir", "one"}};
  AddTo("one", WaitReadyStep{});
  AddTo("two", WaitReadyStep{});
  const Evidence evidence = Execute();
  const std::filesystem::path one = Lines(Of(evidence, "one")).at(0);
  const std::filesystem::path other = Lines(Of(evidence, "two")).at(0);
  EXPECT_EQ(one.parent_path(), other.parent_path());
  EXPECT_NE(one, other);
}

TEST_F(TargetsTest, WhatIsLeftInASharedDirectoryIsToldOnceAllHaveEnded) {
  AddTarget("one", "trap 'exit 0' TERM; echo ready; while :; do read line; done");
  Target& two = AddTarget(
      "two",
      "touch alive kept; trap 'rm alive; exit 0' TERM; echo ready; while :; do read l; done");
  two.shares = {{"run_dir", "one"}};
  AddTo("one", WaitReadyStep{});
  AddTo("two", WaitReadyStep{});
  AddTo("one", SignalStep{SIGTERM});
  AddTo("one", WaitExitStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Of(evidence, "one").left_behind, ElementsAre("file ${run_dir}/kept"));
  EXPECT_THAT(Of(evidence, "two").left_behind, IsEmpty());
}

// Tempting: nobody has opened a file of that name, so that it seems to be the owner's.
TEST_F(TargetsTest, WhatIsLeftInASharedDirectoryIsWhosFirstOpenedItUnderAnyName) {
  const std::string begin =
      "import os, signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n";
  const std::string end = "print('ready', flush=True)\nwhile True: signal.pause()\n";
  AddTarget("one", begin + end);
  Target& two = AddTarget("two", begin + "for name in 'ab':\n  open(name, 'w').close()\n" +
                                     "  os.rename(name, 'left_' + name)\n" + end);
  two.shares = {{"run_dir", "one"}};
  Observer observer;
  observer.name = "fd/open";
  observer.registry = "fd";
  observer.event = Observer::Event::kCreate;
  observer.symbols = {"open", "open64"};
  observer.module = "libc.so";
  observer.wrap = true;
  observer.label_argument = 0;
  catalogue_.observers = {observer};
  two.catalogue = catalogue_;
  AddTo("one", WaitReadyStep{});
  AddTo("two", WaitReadyStep{});
  RunRequest request{scenario_, profile_, catalogue_};
  request.program = "/usr/bin/python3";
  request.agent = RequireAgent(OwnDirectory());
  request.limits_ms = limits_;
  const Evidence evidence = ColdExecutor().Execute(request);
  EXPECT_THAT(Of(evidence, "one").left_behind, IsEmpty());
  EXPECT_THAT(Of(evidence, "two").left_behind,
              ElementsAre("file ${run_dir}/left_a", "file ${run_dir}/left_b"));
}

TEST_F(TargetsTest, WhatAppearsInASharedDirectoryWhenOneHasEndedIsTheOthers) {
  AddTarget("one", "touch first; trap 'exit 0' TERM; echo ready; while :; do read line; done");
  Target& two =
      AddTarget("two", "touch second; trap 'exit 0' TERM; echo ready; while :; do read l; done");
  two.shares = {{"run_dir", "one"}};
  two.starts_later = true;
  AddTo("one", WaitReadyStep{});
  AddTo("one", SignalStep{SIGTERM});
  AddTo("one", WaitExitStep{});
  RestartStep start;
  start.is_start = true;
  AddTo("two", start);
  AddTo("two", WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Of(evidence, "one").left_behind, ElementsAre("file ${run_dir}/first"));
  EXPECT_THAT(Of(evidence, "two").left_behind, ElementsAre("file ${run_dir}/second"));
}

TEST_F(TargetsTest, OneThatAStepStartsComesAndGoes) {
  AddTarget("one", testkit::kObedient);
  AddTarget("two",
            "trap 'exit 0' TERM; echo x >> starts; echo ready $(wc -l < starts); "
            "while :; do read line; done")
      .starts_later = true;
  AddTo("one", WaitReadyStep{});
  RestartStep start;
  start.is_start = true;
  AddTo("two", start);
  AddTo("two", WaitReadyStep{});
  AddTo("two", SignalStep{SIGTERM});
  AddTo("two", WaitExitStep{});
  AddTo("two", start);
  AddTo("two", ExpectLogStep{"^ready 2$"});
  AddTo("one", TerminalStep{"still\n"});
  AddTo("one", ExpectLogStep{"^got still$"});
  const Evidence evidence = Execute();
  EXPECT_THAT(Of(evidence, "two").lives, SizeIs(2));
  EXPECT_THAT(Of(evidence, "one").lives, IsEmpty());
  EXPECT_THAT(Lines(Of(evidence, "one")), ElementsAre("ready", "got still", "bye"));
  EXPECT_THAT(Findings(evidence), IsEmpty());
}

TEST_F(TargetsTest, OneThatIsNeverStartedHasNoEvidence) {
  AddTarget("one", testkit::kObedient);
  AddTarget("two", "echo must not be").starts_later = true;
  AddTo("one", WaitReadyStep{});
  AddTo("two", WaitReadyStep{});  // of a minimised scenario: what started it was left out
  const Evidence evidence = Execute();
  EXPECT_THAT(evidence.targets, SizeIs(1));
  EXPECT_THAT(Findings(evidence), IsEmpty());
}

TEST_F(TargetsTest, TheLastStartedEndsFirst) {
  const std::string says =
      "trap 'echo $NAME >> ../ends; exit 0' TERM; echo ready; "
      "while :; do read line; done";
  AddTarget("one", says).environment = {{"NAME", "one"}};
  AddTarget("two",
            "trap 'echo two >> ../ends; exit 0' TERM; echo ready; "
            "while :; do read line; done");
  AddTarget("three", "trap 'cat ../ends; exit 0' TERM; echo ready; while :; do read line; done")
      .starts_later = true;
  scenario_.targets.insert(scenario_.targets.begin(), scenario_.targets.back());
  scenario_.targets.pop_back();  // first in the file, last to start: sees nothing
  AddTo("one", WaitReadyStep{});
  AddTo("two", WaitReadyStep{});
  RestartStep start;
  start.is_start = true;
  AddTo("three", start);
  AddTo("three", WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Lines(Of(evidence, "three")), ElementsAre("ready", HasSubstr("No such file")));
}

TEST_F(TargetsTest, AFindingNamesItsTargetAndTheOthersAreLeftAlone) {
  AddTarget("one", testkit::kObedient);
  AddTarget("two", "trap 'exit 3' TERM; echo ready; while :; do read line; done");
  AddTo("one", WaitReadyStep{});
  AddTo("two", WaitReadyStep{});
  const std::vector<Finding> findings = Findings(Execute());
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].target, "two");
  EXPECT_EQ(findings[0].title, "two: the target did not end cleanly: exit 3");
}

TEST_F(TargetsTest, ABugOfOneExplainsThatAnotherDidNotDoAsWritten) {
  AddTarget("one", testkit::kObedient);
  AddTarget("two", testkit::kObedient).profile.log_patterns = {
      {"double-free", "^got (go)$", "", {}}};
  AddTo("one", WaitReadyStep{});
  AddTo("two", WaitReadyStep{});
  AddTo("two", TerminalStep{"go\n"});
  AddTo("one", ExpectLogStep{"^never$"}).limit_ms = 200;
  const std::vector<Finding> findings = Findings(Execute());
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].kind, "double-free");
  EXPECT_EQ(findings[0].target, "two");
  EXPECT_THAT(findings[0].details,
              Contains(HasSubstr("therefore: one: step 4 (expect log line `^never$`)")));
}

TEST_F(TargetsTest, AFailedStepOfOneStopsTheOthersUntilOneIsStartedAgain) {
  AddTarget("one", testkit::kObedient);
  AddTarget("two", testkit::kObedient);
  AddTo("one", ExpectLogStep{"^never$"}).limit_ms = 100;
  AddTo("two", WaitReadyStep{});
  AddTo("two", RestartStep{});
  AddTo("two", WaitReadyStep{});
  AddTo("one", WaitReadyStep{});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(Of(evidence, "one")), ElementsAre(Status::kUnmet, Status::kSkipped));
  EXPECT_THAT(Statuses(Of(evidence, "two")),
              ElementsAre(Status::kSkipped, Status::kDone, Status::kDone));
}

TEST_F(TargetsTest, WaitingForOneTakesInWhatTheOtherSaysAndThatItEnds) {
  AddTarget("one", "echo ready; read line; seq 20000; exit 0");
  AddTarget("two", testkit::kObedient);
  AddTo("one", WaitReadyStep{});
  AddTo("two", WaitReadyStep{});
  AddTo("one", TerminalStep{"go\n"});
  // Nobody waits for `one`; its output would fill the pipe, and it would not end.
  AddTo("two",
        CommandStep{{"sh", "-c", "while kill -0 ${one.pid} 2>/dev/null; do sleep 0.01; done"}})
      .limit_ms = 30'000;
  AddTo("one", WaitExitStep{{0}});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(Of(evidence, "two")), ElementsAre(Status::kDone, Status::kDone));
  EXPECT_EQ(Of(evidence, "one").exit.kind, Ended::kExited);
  EXPECT_THAT(Of(evidence, "one").log, SizeIs(20'001));
}

TEST_F(TargetsTest, ForEachTargetTheFaultFreeRunIsItsOwn) {
  AddTarget("one", "touch old; trap 'exit 0' TERM; echo ready; while :; do read line; done");
  AddTarget("two", testkit::kObedient);
  AddTo("one", WaitReadyStep{});
  AddTo("two", WaitReadyStep{});
  const Evidence evidence = Execute();
  const FaultFreeRun fault_free = DescribeFaultFree(evidence, catalogue_, profile_, &scenario_);
  EXPECT_THAT(fault_free.targets.at("one").left_behind, ElementsAre("file ${run_dir}/old"));
  EXPECT_THAT(fault_free.targets.at("two").left_behind, IsEmpty());
  const auto again = FaultFreeFromJson(FaultFreeToJson(fault_free));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(FaultFreeToJson(*again), FaultFreeToJson(fault_free));
}

}  // namespace
}  // namespace faultline
