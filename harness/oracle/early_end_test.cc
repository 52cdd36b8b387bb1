#include <gmock/gmock.h>

#include "harness/oracle/testing/swallowed_fixture.h"

// Of the `swallowed` oracle: an exit 0 before anything was asked.
namespace faultline {
namespace {

using ::testing::ElementsAre;
using testkit::IsKind;
using testkit::Swallowed;

// The target has ended before it was ready, with exit 0.
class EarlyEnd : public Swallowed {
 protected:
  EarlyEnd() {
    run_.result(1).status = StepResult::Status::kTargetGone;
    run_.evidence.asked_to_stop = false;
    run_.evidence.rpcs.clear();
    run_.evidence.injections.clear();
    Fail("MakeLog", 100);
  }
  void Fail(const char* function, int tid) {
    run_.step = 1;
    run_.Inject("device");
    Injection& injection = run_.evidence.injections.back();
    injection.tid = tid;
    injection.stack = {testkit::At(function, "/src/a.c"), testkit::At("main", "/src/main.c")};
  }
};

// A call in the child failed, in one run the only one, in the other behind one of the parent's.
TEST_F(EarlyEnd, OfADaemonIsTheStartedProcesssDoingWhenItsChildFailed) {
  run_.profile.detaches = true;
  Fail("MakeTable", 101);
  const std::vector<Finding> both = run_.Judge();
  ASSERT_THAT(both, ElementsAre(IsKind("swallowed")));
  run_.evidence.injections.erase(run_.evidence.injections.begin());
  const std::vector<Finding> one = run_.Judge();
  ASSERT_THAT(one, ElementsAre(IsKind("swallowed")));
  EXPECT_EQ(one[0].signature, both[0].signature);
  EXPECT_EQ(one[0].signature,
            "swallowed: the started process ends with exit 0 although its child failed");
  EXPECT_EQ(one[0].stack.front().function, "MakeTable");
}

// Tempting: all that ends so is a matter of the child.
TEST_F(EarlyEnd, OfADaemonWhoseOwnCallFailedIsBlamedOnItsFunction) {
  run_.profile.detaches = true;
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("swallowed")));
  EXPECT_EQ(findings[0].signature, "swallowed: exit 0 after a failure @ MakeLog < main");
}

// Which of an interpreter's functions a failure came to is nobody's doing.
TEST_F(EarlyEnd, OfAScriptIsToldByWhatFailed) {
  run_.evidence.injections[0].stack[0] = testkit::At("_PyEval_EvalFrame", "");
  run_.evidence.injections[0].stack[0].module = "python3.11";
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("swallowed")));
  EXPECT_EQ(findings[0].signature,
            "swallowed: exit 0 after a failure @ Python code, point/of/device");
  EXPECT_EQ(findings[0].cause, "");
}

}  // namespace
}  // namespace faultline
