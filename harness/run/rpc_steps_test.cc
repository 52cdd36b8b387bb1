// Steps that speak to an RPC socket, on a small server in Python.
#include <gmock/gmock.h>

#include "harness/run/testing/rpc_target.h"

namespace faultline {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Status = StepResult::Status;
using Kind = ValueTest::Kind;

class RpcStepsTest : public testkit::RpcTarget {
 protected:
  static RpcStep Call(const std::string& method, nlohmann::json params = nullptr) {
    RpcStep step;
    step.method = method;
    step.params = std::move(params);
    return step;
  }
  static std::vector<RpcExpectation> Result(std::vector<ValueTest> where) {
    RpcExpectation expectation;
    expectation.where = std::move(where);
    return {expectation};
  }
  static std::vector<RpcExpectation> Just(RpcExpectation::Kind kind) {
    RpcExpectation expectation;
    expectation.kind = kind;
    return {expectation};
  }
};

TEST_F(RpcStepsTest, AsksUntilTheAnswerIsRight) {
  RpcStep step = Call("count");
  step.until = Result({{".", Kind::kAtLeast, 4}});
  Add(step);
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kDone));
  ASSERT_EQ(evidence.rpcs.size(), 1u);  // the last one
  EXPECT_EQ(evidence.rpcs[0].answer, 4);
}

TEST_F(RpcStepsTest, SaysWhatTheLastAnswerWasWhenNoneWasRight) {
  RpcStep step = Call("list");
  step.until = Result({{"0.size", Kind::kAbove, 100}});
  Add(step).limit_ms = 100;
  const Evidence evidence = Execute();
  EXPECT_EQ(evidence.steps[1].status, Status::kUnmet);
  EXPECT_THAT(evidence.steps[1].detail, HasSubstr("0.size above 100, and it is 4"));
  EXPECT_THAT(evidence.steps[1].detail, HasSubstr("within 100 ms"));
}

TEST_F(RpcStepsTest, WhatIsSavedKeepsItsTypeInLaterSteps) {
  RpcStep list = Call("list");
  list.save = {{"size", "1.size"}, {"name", "0.name"}};
  Add(list);
  RpcStep echo = Call("echo", {{"size", "\x1f${size}"}, {"text", "${size}"}, {"name", "${name}"}});
  echo.expect = Result(
      {{"size", Kind::kEquals, 8}, {"text", Kind::kEquals, "8"}, {"name", Kind::kEquals, "a"}});
  Add(echo);
  EXPECT_THAT(Statuses(Execute()), ElementsAre(Status::kDone, Status::kDone, Status::kDone));
}

TEST_F(RpcStepsTest, NothingToSaveIsUnmetAndWhatNeedsItIsSkipped) {
  RpcStep list = Call("list");
  list.save = {{"uuid", "0.uuid"}};
  Add(list).tolerance = Tolerance::kMayFailCleanly;  // the next step is done all the same
  Add(Call("echo", {{"id", "${uuid}"}}));
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kUnmet, Status::kSkipped));
  EXPECT_THAT(evidence.steps[1].detail, HasSubstr("nothing at `0.uuid`"));
  EXPECT_THAT(evidence.steps[2].detail, HasSubstr("no step has saved it"));
}

TEST_F(RpcStepsTest, AnAnswerMayComeSeveralStepsLater) {
  RpcStep later = Call("later");
  later.no_wait = true;
  Add(later).name = "asked";
  Add(Call("now"));
  AnswerStep answer{"asked", Result({{".", Kind::kEquals, "late"}}), {}};
  Add(answer);
  EXPECT_THAT(Statuses(Execute()),
              ElementsAre(Status::kDone, Status::kDone, Status::kDone, Status::kDone));
}

TEST_F(RpcStepsTest, AnAnswerThatNeverComesIsTimedOut) {
  RpcStep later = Call("later");
  later.no_wait = true;
  Add(later).name = "asked";
  Add(AnswerStep{"asked", {}, {}}).limit_ms = 200;
  EXPECT_THAT(Statuses(Execute()), ElementsAre(Status::kDone, Status::kDone, Status::kTimedOut));
}

TEST_F(RpcStepsTest, ConnectionsAreTheirOwn) {
  RpcStep other = Call("ping");
  other.connection = "other";
  Add(Call("ping"));
  Add(other);
  Add(other);
  RpcStep clients = Call("clients");
  clients.expect = Result({{".", Kind::kEquals, 2}});
  Add(clients);
  Add(DisconnectStep{"other"});
  Add(other);
  clients.expect = Result({{".", Kind::kEquals, 3}});
  Add(clients);
  EXPECT_THAT(Statuses(Execute()), Each(Status::kDone));
}

TEST_F(RpcStepsTest, SendsSeveralRequestsInOneWrite) {
  PipelineStep step;
  step.requests = {Call("count"), Call("no_such_method"), Call("count")};
  step.requests[1].expect = Just(RpcExpectation::Kind::kError);
  step.requests[2].expect = Result({{".", Kind::kEquals, 2}});
  Add(step);
  step.requests[1].expect.clear();
  Add(step);
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kDone, Status::kUnmet));
  EXPECT_THAT(evidence.steps[2].detail, HasSubstr("request 2 (no_such_method)"));
  EXPECT_EQ(evidence.rpcs.size(), 6u);
}

TEST_F(RpcStepsTest, SendsBytesAsTheyAre) {
  Add(RawStep{"garbage", "raw", Just(RpcExpectation::Kind::kError), {}});
  RawStep half{R"({"jsonrpc": "2.0", "id": "x", "meth)", "raw", {}, {}};
  Add(half);
  Add(RawStep{R"(od": "ping"})", "raw", Result({{".", Kind::kEquals, 1}}), {}});
  Add(RawStep{"bad", "raw", Just(RpcExpectation::Kind::kResult), {}}).limit_ms = 500;
  const Evidence evidence = Execute();
  EXPECT_THAT(Statuses(evidence), ElementsAre(Status::kDone, Status::kDone, Status::kDone,
                                              Status::kDone, Status::kUnmet));
  EXPECT_THAT(evidence.steps[4].detail, HasSubstr("-32700"));
}

TEST_F(RpcStepsTest, AStepMayAskForTheAnswerToBytes) {
  Add(RawStep{R"({"jsonrpc": "2.0", "id": 900, "method": "list"})", "", {}, {}}).name = "bytes";
  RpcStep ping = Call("ping");
  Add(ping);
  Add(AnswerStep{"bytes", Result({{".", Kind::kEquals, 2, true}}), {{"first", "0.name"}}});
  EXPECT_THAT(Statuses(Execute()),
              ElementsAre(Status::kDone, Status::kDone, Status::kDone, Status::kDone));
}

}  // namespace
}  // namespace faultline
