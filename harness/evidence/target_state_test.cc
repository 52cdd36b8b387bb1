#include "harness/evidence/target_state.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Changes(const json& before, const json& after,
                                 const StateProbe& probe = {}) {
  std::vector<std::string> texts;
  for (const StateChange& change : CompareStates({{"get_disks", StateOf(before, probe)}},
                                                 {{"get_disks", StateOf(after, probe)}})) {
    texts.push_back(change.ToString());
  }
  return texts;
}

StateProbe Named(std::vector<std::string> not_state = {}, std::vector<std::string> only = {}) {
  StateProbe probe;
  probe.keys = {"name", "id"};
  probe.not_state = std::move(not_state);
  probe.only = std::move(only);
  return probe;
}

TEST(TargetState, ElementsOfAListAreKnownByTheirKeyWhateverTheirOrder) {
  const json one = {{"name", "A"}, {"size", 1}};
  const json other = {{"id", 7}, {"size", 2}};
  EXPECT_THAT(Changes(json::array({one, other}), json::array({other, one}), Named()), IsEmpty());
  EXPECT_THAT(Changes(json::array({one}), json::array({one, other}), Named()),
              ElementsAre("get_disks has `7' now"));
  EXPECT_THAT(Changes(json::array({one, other}), json::array({other}), Named()),
              ElementsAre("get_disks no longer has `A'"));
}

TEST(TargetState, AMemberThatDiffersIsToldWithItsPath) {
  EXPECT_THAT(Changes(json::array({{{"name", "A"}, {"claimed", false}}}),
                      json::array({{{"name", "A"}, {"claimed", true}}}), Named()),
              ElementsAre("get_disks: `A.claimed' was false and is true"));
}

TEST(TargetState, TheLastElementThatGoesIsToldByName) {
  EXPECT_THAT(Changes(json::array({{{"name", "A"}}}), json::array(), Named()),
              ElementsAre("get_disks no longer has `A'"));
}

TEST(TargetState, TwoElementsOfOneNameAreTwo) {
  const json one = {{"name", "A"}};
  EXPECT_THAT(Changes(json::array({one}), json::array({one, one}), Named()),
              ElementsAre("get_disks has `A (2)' now"));
}

TEST(TargetState, ElementsWithoutAKeyAreComparedByWhatTheySay) {
  EXPECT_THAT(Changes({"b", "a"}, {"a", "b"}), IsEmpty());
  EXPECT_THAT(Changes({"a"}, {"a", "c"}), ElementsAre("get_disks has `\"c\"' now"));
}

TEST(TargetState, WhatIsVolatileIsNoState) {
  const json before = {{"threads", {{{"name", "app"}, {"busy", 1}, {"polls", {{"busy", 1}}}}}}};
  const json after = {{"threads", {{{"name", "app"}, {"busy", 5}, {"polls", {{"busy", 2}}}}}}};
  EXPECT_THAT(Changes(before, after, Named({"busy"})), IsEmpty());
  EXPECT_THAT(Changes(before, after, Named({"threads.busy"})),
              ElementsAre("get_disks: `threads.app.polls.busy' was 1 and is 2"));
  EXPECT_THAT(Changes(before, after, Named({"threads.busy", "threads.*.busy"})), IsEmpty());
}

TEST(TargetState, WhatIsVolatileOfOneElementIsStateOfTheOthers) {
  const auto threads = [](int app, int group) {
    return json::array({{{"name", "app_thread"}, {"pollers", app}},
                        {{"name", "poll_group_000"}, {"pollers", group}}});
  };
  const StateProbe probe = Named({"[poll_group_*].pollers"}, {"pollers"});
  EXPECT_THAT(Changes(threads(3, 5), threads(3, 4), probe), IsEmpty());
  EXPECT_THAT(Changes(threads(3, 5), threads(2, 4), probe),
              ElementsAre("get_disks: `app_thread.pollers' was 3 and is 2"));
  EXPECT_THAT(
      Changes(threads(3, 5), json::array({{{"name", "app_thread"}, {"pollers", 3}}}), probe),
      ElementsAre("get_disks no longer has `poll_group_000'"));
}

TEST(TargetState, AnElementThatIsVolatileMayComeAndGo) {
  EXPECT_THAT(
      Changes(json::array({{{"name", "app"}}}),
              json::array({{{"name", "app"}}, {{"name", "visitor_1"}}}), Named({"[visitor_*]"})),
      IsEmpty());
}

TEST(TargetState, WithOnlyTheNamedMembersCountAndWhoIsThere) {
  const json before = {{{"name", "app"}, {"busy", 1}, {"pollers", 3}}};
  const json more = {{{"name", "app"}, {"busy", 9}, {"pollers", 4}}};
  EXPECT_THAT(Changes(before, more, Named({}, {"pollers"})),
              ElementsAre("get_disks: `app.pollers' was 3 and is 4"));
  EXPECT_THAT(Changes(before, json::array(), Named({}, {"pollers"})),
              ElementsAre("get_disks no longer has `app'"));
}

TEST(TargetState, AProbeThatOnlyOneStateHasIsNoChange) {
  EXPECT_THAT(CompareStates({{"a", 1}}, {{"b", 1}}), IsEmpty());
}

}  // namespace
}  // namespace faultline
