// Companions, and what commands and other steps see, on shell scripts for targets.
#include "harness/run/companions.h"

#include <gmock/gmock.h>

#include <csignal>

#include "harness/base/failure.h"
#include "harness/run/testing/script_target.h"
#include "harness/target/run_space.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Status = StepResult::Status;

class CompanionsTest : public testkit::ScriptTarget {
 protected:
  Companion& AddCompanion(const std::string& name, const std::string& script) {
    Companion& companion = scenario_.companions.emplace_back();
    companion.name = name;
    companion.argv = {"sh", "-c", script};
    return companion;
  }
  std::string Refusal() {
    try {
      Execute();
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), ExitCode::kBadInput);
      return failure.what();
    }
    return "";
  }
};

TEST_F(CompanionsTest, ACompanionStartsBeforeTheTargetAndLivesAsLongAsTheRun) {
  AddCompanion("helper", "echo up; echo $$$$ > ${run_dir}/helper; exec sleep 1000").ready = {
      Companion::Ready::Kind::kLogLine, "^up$"};
  Script("trap 'exit 0' TERM; test -e helper && echo ready; while :; do read line; done");
  Add(WaitReadyStep{});
  Add(RestartStep{SIGKILL});
  Add(WaitReadyStep{});
  Add(CommandStep{{"sh", "-c", "kill -0 $(cat helper)"}});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence),
              ElementsAre(Status::kDone, Status::kDone, Status::kDone, Status::kDone));
  EXPECT_THAT(Findings(evidence), IsEmpty());
}

TEST_F(CompanionsTest, ACompanionThatIsNotReadyIsTheScenariosMistake) {
  Script(testkit::kObedient);
  Companion& helper = AddCompanion("helper", "echo 'no disk'; exit 5");
  helper.ready = {Companion::Ready::Kind::kFile, "never"};
  EXPECT_THAT(Refusal(), HasSubstr("companion helper ended with exit 5 before it was ready; it "
                                   "last said `no disk`"));
  helper.argv = {"sleep", "1000"};
  helper.limit_ms = 100;
  EXPECT_THAT(Refusal(), HasSubstr("was not ready within 100 ms; it said nothing"));
}

TEST_F(CompanionsTest, ACompanionThatDiesIsTold) {
  Script(testkit::kObedient);
  AddCompanion("helper", "echo gone; exit 3");
  Add(WaitReadyStep{});
  Add(WaitStep{200, "the helper ends meanwhile"});
  const Evidence evidence = Execute();
  ASSERT_THAT(evidence.lost_companions, SizeIs(1));
  EXPECT_EQ(evidence.lost_companions[0].exit.code, 3);
  EXPECT_EQ(evidence.lost_companions[0].said, "gone");
  ASSERT_THAT(Findings(evidence), SizeIs(1));
  scenario_.companions[0].may_end = {3};
  EXPECT_THAT(Findings(Execute()), IsEmpty());
}

TEST_F(CompanionsTest, AStepStartsAndStopsACompanion) {
  Script(testkit::kObedient);
  AddCompanion("helper",
               "trap 'rm ${run_dir}/up; exit 0' TERM; touch ${run_dir}/up; "
               "while :; do sleep 0.01; done")
      .ready = {Companion::Ready::Kind::kFile, "up"};
  scenario_.companions[0].started_by_step = true;
  Add(WaitReadyStep{});
  Add(ExpectAbsentStep{{"up"}});
  Add(StartCompanionStep{{"helper"}});
  Add(ExpectAbsentStep{{"u*"}}).tolerance = Tolerance::kMayFailCleanly;
  Add(StopCompanionStep{{"helper"}});
  Add(ExpectAbsentStep{{"up"}});
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kDone, Status::kDone,
                                              Status::kUnmet, Status::kDone, Status::kDone));
  EXPECT_THAT(evidence.steps[3].detail, HasSubstr("there is ${run_dir}/up"));
}

TEST_F(CompanionsTest, ACommandThatLeavesSomethingRunningIsRefused) {
  Script(testkit::kObedient);
  Add(WaitReadyStep{});
  Add(CommandStep{{"sh", "-c", "sleep 1000 & exit 0"}});
  EXPECT_THAT(Refusal(), HasSubstr("goes into `companions`"));
  scenario_.steps.pop_back();
  scenario_.prepare.push_back(CommandStep{{"sh", "-c", "sleep 1000 & exit 0"}});
  EXPECT_THAT(Refusal(), HasSubstr("sleep running, which is not kept"));
}

TEST_F(CompanionsTest, TheLastLineOfACommandIsTold) {
  Script(testkit::kObedient);
  Add(WaitReadyStep{});
  Add(CommandStep{{"sh", "-c", "echo one; echo two"}});
  EXPECT_EQ(Execute().steps[1].said, "two");
}

TEST_F(CompanionsTest, LooksForLinesThatMustNotComeAndForOpenFiles) {
  Script(testkit::kObedient);
  Add(WaitReadyStep{});
  Add(ExpectNoLogStep{"^got"});
  Add(ExpectOpenFilesStep{"^pipe:", {{".", ValueTest::Kind::kAtLeast, 2}}});
  Add(ExpectOpenFilesStep{"^socket:", {{".", ValueTest::Kind::kEquals, 0}}});
  Add(TerminalStep{"a\n"});
  Add(ExpectNoLogStep{"^got"}).limit_ms = 5'000;
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kDone, Status::kDone,
                                              Status::kDone, Status::kDone, Status::kUnmet));
  EXPECT_THAT(evidence.steps[5].detail, HasSubstr("it said `got a`"));
}

TEST_F(CompanionsTest, ARunHasANetworkOfItsOwnWhereThatIsPermitted) {
  Script(testkit::kObedient);
  scenario_.steps.clear();
  Add(WaitReadyStep{});
  // A route is what an unconnected network lacks.
  Add(CommandStep{
      {"sh", "-c", "test $(grep -c : /proc/net/dev) -eq 1 && grep -q lo: /proc/net/dev"}});
  if (RunSpace({std::nullopt, true}).network() < 0) {
    GTEST_SKIP() << "not permitted here";
  }
  EXPECT_THAT(Statuses(Execute()), ElementsAre(Status::kDone, Status::kDone));
}

}  // namespace
}  // namespace faultline
