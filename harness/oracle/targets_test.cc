#include "harness/oracle/targets.h"

#include <gmock/gmock.h>

#include <memory>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testkit::JudgedRun;

// Two primaries: fault-free the first leaves its files, the second gives up.
class SharedDirectory : public ::testing::Test {
 protected:
  SharedDirectory() {
    AddTarget("first");
    AddTarget("second")->shares = {{"run_dir", "first"}};
    run_.scenario.subject = "first";
    fault_free_.targets["first"].left_behind = {"file ${run_dir}/dpdk/${file_prefix}/config",
                                                "file ${run_dir}/${second.pid}.log",
                                                "file /dev/shm/first"};
    fault_free_.targets["second"].left_behind = {};
    run_.fault_free = &fault_free_;
  }
  std::shared_ptr<Target> AddTarget(const std::string& name) {
    auto target = std::make_shared<Target>();
    target->name = name;
    run_.scenario.targets.push_back(target);
    return target;
  }
  // What is told when `target` leaves these.
  std::vector<std::string> Leaks(const std::string& target, const std::vector<std::string>& left) {
    Evidence own = run_.evidence;
    own.target = target;
    own.left_behind = left;
    if (in_lives_) {
      fault_free_.targets[target].lives.resize(1);
      own.lives = {own};
    }
    JudgedRun all = run_;
    all.evidence.targets = {own};
    std::vector<std::string> told;
    for (const Finding& finding : all.Judge()) {
      told.push_back(finding.signature);
    }
    return told;
  }
  FaultFreeRun fault_free_;
  JudgedRun run_;
  bool in_lives_ = false;
};

TEST_F(SharedDirectory, WhatTheOtherLeavesThereFaultFreeIsNoLeak) {
  const std::vector<std::string> left = {"file ${run_dir}/dpdk/${file_prefix}/config",
                                         "file ${run_dir}/${pid}.log"};
  EXPECT_THAT(Leaks("second", left), IsEmpty());
  in_lives_ = true;
  EXPECT_THAT(Leaks("second", left), IsEmpty());
}

TEST_F(SharedDirectory, WhatNoTargetLeavesFaultFreeIsALeak) {
  const std::vector<std::string> left = {"file ${run_dir}/dpdk/${file_prefix}/mp_socket"};
  EXPECT_THAT(Leaks("second", left), ElementsAre("leak: " + left.front()));
  EXPECT_THAT(Leaks("first", left), ElementsAre("leak: " + left.front()));
}

TEST_F(SharedDirectory, WhatTheOtherLeavesElsewhereIsNotKnown) {
  EXPECT_THAT(Leaks("second", {"file /dev/shm/first"}), ElementsAre("leak: file /dev/shm/first"));
}

TEST_F(SharedDirectory, OfAnotherDirectoryNothingIsKnown) {
  AddTarget("third");
  fault_free_.targets["third"] = {};
  const std::vector<std::string> left = {"file ${run_dir}/dpdk/${file_prefix}/config"};
  EXPECT_THAT(Leaks("third", left), ElementsAre("leak: " + left.front()));
}

}  // namespace
}  // namespace faultline
