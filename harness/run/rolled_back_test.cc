// What is looked at when a request is refused in a run without faults.
#include "harness/run/rolled_back.h"

#include <gmock/gmock.h>

#include "harness/run/testing/rpc_target.h"

namespace faultline {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class RolledBackTest : public testkit::RpcTarget {
 protected:
  void SetUp() override {
    RpcTarget::SetUp();
    StateProbe& probe = profile_.state_probes.emplace_back();
    probe.call.method = "made";
    probe.keys = {"name"};
  }
  void Ask(const std::string& method, RpcExpectation::Kind expected) {
    RpcStep step;
    step.method = method;
    step.expect.emplace_back().kind = expected;
    step.expect.emplace_back().kind = RpcExpectation::Kind::kResult;
    Add(step).limit_ms = 200;
  }
  std::vector<RollbackCheck> Checks() {
    RunRequest request{scenario_, profile_, catalogue_};
    request.program = "/bin/sh";
    request.observe = false;
    request.check_refused = true;
    return ColdExecutor().Execute(request).rollback_checks;
  }
};

TEST_F(RolledBackTest, WhatARefusedRequestAddsIsSeen) {
  Ask("makes", RpcExpectation::Kind::kResult);
  Ask("no_such_method", RpcExpectation::Kind::kError);
  const std::vector<RollbackCheck> checks = Checks();
  ASSERT_THAT(checks, SizeIs(1));
  ASSERT_THAT(checks[0].changes, SizeIs(1));
  EXPECT_EQ(checks[0].changes[0].ToString(), "made has `m' now");
}

// It may come of a request before it that has not been answered.
TEST_F(RolledBackTest, WhatComesWhileAnEarlierRequestIsNotAnsweredIsNobodys) {
  Ask("makes_silently", RpcExpectation::Kind::kNoAnswer);
  Ask("no_such_method", RpcExpectation::Kind::kError);
  const std::vector<RollbackCheck> checks = Checks();
  ASSERT_THAT(checks, SizeIs(1));
  EXPECT_THAT(checks[0].changes, IsEmpty());
}

}  // namespace
}  // namespace faultline
