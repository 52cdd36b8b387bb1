#include <gmock/gmock.h>

#include <csignal>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testkit::IsKind;
using testkit::JudgedRun;

class LeakOracle : public ::testing::Test {
 protected:
  LeakOracle() {
    fault_free_.left_behind = {"file /dev/shm/trace.pid100", "file dpdk/config"};
    run_.fault_free = &fault_free_;
  }
  FaultFreeRun fault_free_;
  JudgedRun run_;
};

TEST_F(LeakOracle, WhatTheFaultFreeRunLeavesTooIsNoLeak) {
  run_.evidence.left_behind = {"file dpdk/config", "file /dev/shm/trace.pid2345"};
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(LeakOracle, ReportsWhatIsLeftBeyondThatOncePerKind) {
  run_.evidence.left_behind = {"file dpdk/config", "file dpdk/mp_socket", "socket rpc.1.sock",
                               "socket rpc.2.sock"};
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak"), IsKind("leak")));
  EXPECT_EQ(findings[0].title, "left behind: file dpdk/mp_socket");
  EXPECT_EQ(findings[1].signature, "leak: socket rpc.#.sock");
}

TEST_F(LeakOracle, WithoutAFaultFreeRunNothingIsTooMuch) {
  run_.evidence.left_behind = {"file anything"};
  run_.fault_free = nullptr;
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(LeakOracle, ATargetThatWasKilledCouldNotTidyUp) {
  run_.evidence.left_behind = {"file dpdk/mp_socket"};
  run_.Die(SIGSEGV);
  EXPECT_THAT(run_.Judge(), ElementsAre(IsKind("crash")));
}

}  // namespace
}  // namespace faultline
