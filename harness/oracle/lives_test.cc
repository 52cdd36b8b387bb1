#include "harness/oracle/lives.h"

#include "harness/oracle/testing/judged_run.h"

// What several lives of a target show is told once, with all of them.
namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using testkit::IsKind;
using testkit::JudgedRun;

constexpr char kOwn[] = "socket ${run_dir}/mp_socket_${pid}_1";

// Three lives, each of which ends by itself.
class Lives : public ::testing::Test {
 protected:
  Lives() {
    run_.fault_free = &fault_free_;
    fault_free_.lives.resize(3);
    run_.evidence.lives.resize(3, run_.evidence);
  }
  void Leave(size_t life, std::vector<std::string> left) {
    run_.evidence.lives.at(life - 1).left_behind = std::move(left);
  }
  JudgedRun run_;
  FaultFreeRun fault_free_;
};

TEST_F(Lives, OneFindingNamesAllThatShowIt) {
  Leave(1, {"file config"});
  Leave(3, {"file config"});
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_THAT(findings[0].details, Contains("in lives 1 and 3 of 3"));
}

// Tempting: in the next life the file has another name, that of an earlier pid.
TEST_F(Lives, WhatALifeHasLeftIsNotTheNextOnesDoing) {
  Leave(1, {kOwn});
  Leave(2, {"socket ${run_dir}/mp_socket_${earlier_pid_1}_1"});
  Leave(3, {"socket ${run_dir}/mp_socket_${earlier_pid_1}_1"});
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_EQ(findings[0].signature, "leak: socket ${run_dir}/mp_socket_${pid}_#");
  EXPECT_THAT(findings[0].details, Contains("in life 1 of 3"));
}

// The first life was killed: who leaves what then is told by the next.
TEST_F(Lives, WhatAKilledLifeHasLeftIsToldAsItsOwn) {
  run_.evidence.lives[0].exit = {ExitStatus::Kind::kKilledByUs};
  Leave(2, {"socket ${run_dir}/mp_socket_${first.earlier_pid_1}_1"});
  Leave(3, {"socket ${run_dir}/mp_socket_${first.earlier_pid_1}_1"});
  int leaks = 0;
  for (const Finding& finding : run_.Judge()) {
    leaks += finding.kind == "leak" ? 1 : 0;
  }
  EXPECT_EQ(leaks, 1);
}

TEST_F(Lives, DifferentFilesAreTwoFindings) {
  Leave(1, {kOwn});
  Leave(2, {"file config"});
  EXPECT_THAT(run_.Judge(), SizeIs(2));
}

TEST_F(Lives, WhatALaterOneMissesThatAnEarlierOneDidNotGetToIsItsStory) {
  run_.evidence.lives[1].steps[1].status = StepResult::Status::kUnmet;
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("expectation")));
  run_.evidence.lives[0].steps[2].status = StepResult::Status::kUnmet;
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("expectation")));
  EXPECT_EQ(findings[0].step, 3);
}

// Two primaries: the second gives up in the fault-free run, and comes up where the first failed.
TEST(TwoTargets, WhatOneLeavesThatComesUpInTheOthersPlaceIsNotCompared) {
  JudgedRun run;
  const OracleContext other_gave_up{run.scenario, run.profile, run.catalogue, run.fault_free,
                                    false,        true,        true,          false};
  FaultFreeRun fault_free;
  OracleContext context = other_gave_up;
  context.fault_free = &fault_free;
  run.evidence.left_behind = {"file fbarray_memzone"};
  EXPECT_THAT(Judge(run.evidence, context), ElementsAre(IsKind("leak")))
      << "it went the way that it goes when all is well";
  run.result(2).status = StepResult::Status::kUnmet;
  run.evidence.rpcs[0].outcome = RpcExchange::Outcome::kError;
  run.scenario.tolerance = Tolerance::kMayFailCleanly;
  EXPECT_THAT(Judge(run.evidence, context), ::testing::IsEmpty());
  // A call of its own failed: what it gave back before, it has to give back now.
  run.Inject("own");
  EXPECT_THAT(Judge(run.evidence, context), Contains(IsKind("leak")));
}

}  // namespace
}  // namespace faultline
