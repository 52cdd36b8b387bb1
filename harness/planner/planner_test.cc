#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/planner/testing/make_plan_fixture.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Status = PointCoverage::Status;
using testkit::MakePlanTest;

TEST_F(MakePlanTest, HooksAPointWhoseReturnIsWatchedThoughNothingElseAsksForIt) {
  catalogue_.points = {Point("a", {"call_twin"}), Point("b", {"original_name"})};
  request_.points = {&catalogue_.points[0]};
  request_.watch_returns = {"b"};
  const Plan plan = MakePlan(request_);
  ASSERT_THAT(plan.points, ElementsAre("a", "b"));
  const auto points = In(plan, HeaderOf(plan).points);
  EXPECT_EQ(points[0].watch_return, 0u);
  EXPECT_EQ(points[1].watch_return, 1u);
  EXPECT_EQ(plan.hook_symbols.size(), 2u);
  request_.watch_returns = {"c"};
  EXPECT_THROW(MakePlan(request_), Failure);
}

TEST_F(MakePlanTest, LaysOutHowAFailureComesAbout) {
  catalogue_.points = {Point("a", {"call_twin"})};
  FaultPoint& point = catalogue_.points[0];
  point.after_call = true;
  point.held_by_another = 2;
  point.instead.push_back({Replacement::Kind::kText, 1, 0, 8, 0, "no/such/file"});
  point.instead.push_back({Replacement::Kind::kPointee, 3, 112, 4, -1, ""});
  const Plan plan = Make();
  const protocol::PlanPoint& planned = In(plan, HeaderOf(plan).points)[0];
  EXPECT_EQ(planned.after_call, 1u);
  EXPECT_EQ(planned.held_file, 2u);
  const auto replacements = In(plan, planned.replacements);
  ASSERT_EQ(replacements.size(), 2u);
  EXPECT_STREQ(replacements[0].text.CString(plan.bytes.data()), "no/such/file");
  EXPECT_EQ(replacements[1].kind, protocol::PlanReplacement::kPointee);
  EXPECT_EQ(replacements[1].offset, 112u);
  EXPECT_EQ(replacements[1].width, 4u);
}

TEST_F(MakePlanTest, LaysOutModulesHooksAndPoints) {
  catalogue_.points = {Point("a", {"call_twin"}), Point("b", {"original_name", "other_name"})};
  catalogue_.points[0].failure.result = -1;
  catalogue_.points[0].failure.errno_value = EIO;
  catalogue_.points[0].failure.error_variables = {{"last_error", 33}};
  catalogue_.points[0].when = {{Condition::Kind::kArgEquals, 1, 42}};
  Plan plan = Make();
  const auto& header = HeaderOf(plan);
  const void* base = plan.bytes.data();
  EXPECT_EQ(header.magic, protocol::kPlanMagic);
  EXPECT_EQ(header.file_size, plan.bytes.size());
  EXPECT_EQ(header.journal_path.In(base), "/run/journal");

  ASSERT_THAT(In(plan, header.modules), SizeIs(1));
  EXPECT_EQ(In(plan, header.modules)[0].is_main, 1);
  EXPECT_GT(In(plan, header.modules)[0].tls_size, 0u);
  EXPECT_EQ(In(plan, header.modules)[0].base_name.In(base), "libplanner-names.so");

  auto hooks = In(plan, header.hooks);
  ASSERT_THAT(hooks, SizeIs(2)) << "aliases share a hook";
  EXPECT_THAT(plan.hook_symbols, SizeIs(2));
  EXPECT_LT(hooks[0].patch_at, hooks[1].patch_at);
  for (const auto& hook : hooks) {
    EXPECT_THAT(In(plan, hook.points), SizeIs(1));
    EXPECT_GE(hook.displaced, 5);
    EXPECT_GE(hook.original_size, hook.displaced);
    EXPECT_FALSE(In(plan, hook.trampoline).empty());
  }
  auto points = In(plan, header.points);
  ASSERT_THAT(points, SizeIs(2));
  EXPECT_THAT(plan.points, ElementsAre("a", "b"));
  EXPECT_EQ(points[0].name.In(base), "a");
  EXPECT_EQ(points[0].name_hash, protocol::HashText("a"));
  EXPECT_EQ(points[0].result, UINT64_MAX);
  EXPECT_EQ(points[0].errno_value, EIO);
  EXPECT_EQ(points[0].error_value, 33);
  ASSERT_EQ(points[0].error_variable, 0u);
  EXPECT_EQ(In(plan, header.error_variables)[0].module, 0u);
  ASSERT_THAT(In(plan, points[0].conditions), SizeIs(1));
  EXPECT_EQ(In(plan, points[0].conditions)[0].value, 42u);
  EXPECT_EQ(points[1].error_variable, protocol::kNone);
}

TEST_F(MakePlanTest, OneFunctionMayBelongToSeveralPoints) {
  catalogue_.points = {Point("a", {"call_twin"}), Point("b", {"call_twin"})};
  Plan plan = Make();
  ASSERT_THAT(In(plan, HeaderOf(plan).hooks), SizeIs(1));
  EXPECT_THAT(In(plan, In(plan, HeaderOf(plan).hooks)[0].points), ElementsAre(0u, 1u));
}

TEST_F(MakePlanTest, CoverageSaysWhatBecameOfEverySymbol) {
  catalogue_.points = {Point("p", {"call_twin", "chosen", "only_variant", "always_inlined", "gone",
                                   "other_name", "original_name"})};
  request_.explain_missing = true;
  Plan plan = Make();
  std::vector<Status> statuses;
  for (const PointCoverage& coverage : plan.coverage) {
    EXPECT_EQ(coverage.point, "p");
    statuses.push_back(coverage.status);
  }
  EXPECT_THAT(statuses,
              ElementsAre(Status::kFound, Status::kRefused, Status::kVariant, Status::kInlined,
                          Status::kMissing, Status::kFound, Status::kFound));
  EXPECT_EQ(plan.coverage[3].module, "libplanner-names.so");
  EXPECT_THAT(plan.coverage[6].note, HasSubstr("the same function as"));
}

TEST_F(MakePlanTest, AModulePrefixLimitsAPoint) {
  catalogue_.points = {Point("p", {"call_twin"}), Point("q", {"call_twin"})};
  catalogue_.points[0].module = "libc.so";
  catalogue_.points[1].module = "libplanner";
  Plan plan = Make();
  EXPECT_EQ(plan.coverage[0].status, Status::kMissing);
  EXPECT_EQ(plan.coverage[1].status, Status::kFound);
}

TEST_F(MakePlanTest, SaysThatAnErrorVariableIsNotThere) {
  catalogue_.points = {Point("p", {"call_twin"})};
  catalogue_.points[0].failure.error_variables = {{"other_error", 1}};
  EXPECT_THAT(Make().coverage[0].note, HasSubstr("other_error is not in this program"));
}

TEST_F(MakePlanTest, ObserversGetTheirKeyLabelAndIgnoredCallers) {
  Observer observer;
  observer.name = "thing/create";
  observer.symbols = {"call_twin"};
  observer.label_argument = 2;
  observer.stack_words = 3;
  observer.ignore_callers = {"split"};
  Observer note;
  note.name = "log";
  note.symbols = {"original_name"};
  note.event = Observer::Event::kErrorNote;
  Observer pointee;
  pointee.name = "thing/end";
  pointee.symbols = {"no_such_function"};
  pointee.event = Observer::Event::kDestroy;
  pointee.key_argument = 2;
  pointee.key_is_pointee = true;
  request_.observers = {&observer, &note, &pointee};
  Plan plan = Make();
  auto observers = In(plan, HeaderOf(plan).observers);
  ASSERT_THAT(observers, SizeIs(3));
  EXPECT_EQ(observers[2].key, protocol::PlanObserver::kKeyPointee0 + 2);
  EXPECT_EQ(observers[0].key, protocol::PlanObserver::kKeyResult);
  EXPECT_EQ(observers[0].wrap, 1u) << "its result is wanted";
  EXPECT_EQ(observers[0].label, 2u);
  EXPECT_EQ(observers[0].stack_words, 3u);
  EXPECT_THAT(In(plan, observers[0].ignore_callers), SizeIs(2));
  EXPECT_EQ(observers[1].is_error_note, 1u);
  EXPECT_EQ(observers[1].key, protocol::PlanObserver::kKeyNone);
  std::vector<uint32_t> hooked;
  for (const auto& hook : In(plan, HeaderOf(plan).hooks)) {
    hooked.push_back(hook.observer);
  }
  EXPECT_THAT(hooked, ::testing::UnorderedElementsAre(0u, 1u));
}

TEST_F(MakePlanTest, RefusesTwoObserversOfOneFunction) {
  Observer one;
  one.name = "one";
  one.symbols = {"original_name"};
  Observer two = one;
  two.name = "two";
  two.symbols = {"other_name"};
  request_.observers = {&one, &two};
  EXPECT_THROW(Make(), Failure);
}

TEST_F(MakePlanTest, WrapperRangesComeFromTheCatalogue) {
  catalogue_.wrappers = {"split", "not_there"};
  Plan plan = Make();
  EXPECT_THAT(In(plan, HeaderOf(plan).wrappers), SizeIs(2));
}

TEST_F(MakePlanTest, HooksEveryFunctionOfAModule) {
  request_.every_function_of = {"libplanner-names.so"};
  Plan plan = Make();
  EXPECT_GE(In(plan, HeaderOf(plan).hooks).size(), 15u);
  EXPECT_THAT(plan.coverage, Contains(::testing::Field(&PointCoverage::symbol, "chosen")));
}

TEST_F(MakePlanTest, TellsTheCoverageWithoutAJournal) {
  request_.journal_path.clear();
  request_.every_function_of = {"libplanner-names.so"};
  EXPECT_THAT(Make().coverage, ::testing::Not(::testing::IsEmpty()));
}

TEST_F(MakePlanTest, RefusesARequestThatTheAgentWouldRefuse) {
  request_.site_depth = 0;
  EXPECT_THROW(Make(), Failure);
  request_.site_depth = 16;
  request_.journal_path = "journal";
  EXPECT_THROW(Make(), Failure);
  request_.journal_path = "/run/journal";
  request_.program = "/no/such/program";
  EXPECT_THROW(Make(), Failure);
}

}  // namespace
}  // namespace faultline
