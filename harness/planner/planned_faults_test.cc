#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "harness/planner/testing/make_plan_fixture.h"

// Of plans: the rules that faults become.
namespace faultline {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testkit::MakePlanTest;

TEST_F(MakePlanTest, TurnsFaultsIntoRules) {
  catalogue_.points = {Point("a", {"call_twin"}), Point("b", {"original_name"})};
  Fault fault = FaultOf("b");
  fault.first = 2;
  fault.last = 8;
  fault.step = 3;
  fault.callers = {"split", "not_there"};
  fault.direct_caller = true;
  fault.probability = 0.5;
  fault.seed = 9;
  fault.phase = Fault::Phase::kAfterMain;
  fault.armed_at_start = false;
  fault.errno_value = ENOSPC;
  request_.faults = {&fault};
  Plan plan = Make();
  ASSERT_THAT(In(plan, HeaderOf(plan).rules), SizeIs(1));
  const protocol::PlanRule& rule = In(plan, HeaderOf(plan).rules)[0];
  EXPECT_EQ(rule.point, 1u);
  EXPECT_EQ(rule.first, 2u);
  EXPECT_EQ(rule.last, 8u);
  EXPECT_EQ(rule.step, 3u);
  EXPECT_EQ(rule.chance, uint64_t{1} << 52);
  EXPECT_EQ(rule.seed, 9u);
  EXPECT_EQ(rule.phase, protocol::PlanRule::kAfterMain);
  EXPECT_EQ(rule.caller_depth, protocol::PlanRule::kDirectCaller);
  EXPECT_EQ(rule.armed_at_start, 0u);
  EXPECT_EQ(rule.has_override, 2u);
  EXPECT_EQ(rule.errno_override, ENOSPC);
  EXPECT_THAT(In(plan, rule.callers), SizeIs(2)) << "split and split.cold";
  EXPECT_THAT(plan.faults, ElementsAre("the-fault"));
  EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("caller `not_there` of fault `the-fault`")));
}

TEST_F(MakePlanTest, AFaultMayWaitForAnother) {
  catalogue_.points = {Point("a", {"call_twin"})};
  Fault first = FaultOf("a");
  Fault second = FaultOf("a");
  second.id = "second";
  second.after = "the-fault";
  request_.faults = {&second, &first};
  Plan plan = Make();
  EXPECT_EQ(In(plan, HeaderOf(plan).rules)[0].after, 1u);
  EXPECT_EQ(In(plan, HeaderOf(plan).rules)[1].after, protocol::kNone);
  EXPECT_THAT(FailureOf(second), HasSubstr("fault `the-fault`, which is not in this run"));
}

TEST_F(MakePlanTest, AFaultBringsItsPointWithIt) {
  catalogue_.points = {Point("a", {"call_twin"}), Point("b", {"original_name"})};
  Fault fault = FaultOf("b");
  request_.faults = {&fault};
  request_.points = {&catalogue_.points[0]};
  EXPECT_THAT(MakePlan(request_).points, ElementsAre("a", "b"));
}

TEST_F(MakePlanTest, RefusesAFaultOnAnUnknownPointWithTheNearestName) {
  catalogue_.points = {Point("dpdk/mempool/create", {"call_twin"})};
  EXPECT_THAT(FailureOf(FaultOf("dpdk/mempol/create")),
              AllOf(HasSubstr("scenario.yaml:7:5: fault `the-fault`: there is no point"),
                    HasSubstr("did you mean `dpdk/mempool/create`?")));
}

TEST_F(MakePlanTest, RefusesAFaultWhosePointHasNoHookAndSaysWhy) {
  catalogue_.points = {Point("p", {"chosen", "always_inlined", "gone"})};
  EXPECT_THAT(
      FailureOf(FaultOf("p")),
      AllOf(HasSubstr("scenario.yaml:7:5"), HasSubstr("has no hook in this program"),
            HasSubstr("chosen: refused (indirect function"), HasSubstr("always_inlined: inlined"),
            HasSubstr("gone: missing"), HasSubstr("Searched: libplanner-names.so")));
}

TEST_F(MakePlanTest, RefusesAFaultWhoseCallersAreNotThere) {
  catalogue_.points = {Point("p", {"call_twin"})};
  Fault fault = FaultOf("p");
  fault.callers = {"call_other_twim"};
  EXPECT_THAT(FailureOf(fault), AllOf(HasSubstr("caller `call_other_twim` is no function"),
                                      HasSubstr("did you mean `call_other_twin`?")));
  fault.callers = {"always_inlined"};
  EXPECT_THAT(FailureOf(fault), AllOf(HasSubstr("every call was inlined, into `call_inlined`"),
                                      HasSubstr("as `callers: [call_inlined]`")));
}

}  // namespace
}  // namespace faultline
