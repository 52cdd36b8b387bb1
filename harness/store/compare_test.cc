#include "harness/store/compare.h"

#include <gmock/gmock.h>

#include "harness/base/failure.h"
#include "harness/store/testing/store_values.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testkit::AFinding;
using testkit::ARun;
using testkit::ASite;
using testkit::StoreFile;

// A store in which the fault at each place (hashes differ from build to build, places do not) led
// to the finding said, "" being none.
class SweptBuild {
 public:
  SweptBuild(const std::string& build,
             const std::vector<std::pair<std::string, std::string>>& findings)
      : store_(file_.path(), Store::Mode::kCreate) {
    Store::Census census;
    int64_t position = 0;
    for (const auto& [place, signature] : findings) {
      StoredSite site = ASite(build + place, ++position);
      site.place = place;
      census.sites.push_back(site);
    }
    store_.AddCensus(census);
    for (const auto& [place, signature] : findings) {
      StoredRun run =
          ARun("transient:" + build + place, signature.empty() ? "tolerated" : "finding");
      run.site = build + place;
      if (!signature.empty()) {
        run.findings = {AFinding(signature)};
      }
      store_.AddRun(run);
    }
  }
  Store& store() { return store_; }

 private:
  StoreFile file_;
  Store store_;
};

Comparison Compare(const std::vector<std::pair<std::string, std::string>>& before,
                   const std::vector<std::pair<std::string, std::string>>& after) {
  SweptBuild first("one", before);
  SweptBuild second("two", after);
  return CompareStores(first.store(), second.store());
}

auto Is(const std::string& signature) { return Field(&FindingGroup::signature, signature); }

TEST(Compare, TwoBuildsWithTheSameFindingsDoNotDiffer) {
  const Comparison comparison = Compare({{"f", "crash: x"}}, {{"f", "crash: x"}});
  EXPECT_FALSE(comparison.differs());
  EXPECT_THAT(comparison.same, ElementsAre(Is("crash: x")));
}

TEST(Compare, TellsNewFromFixed) {
  const Comparison comparison =
      Compare({{"f", "crash: x"}, {"g", ""}}, {{"f", ""}, {"g", "hang: y"}});
  EXPECT_THAT(comparison.fixed, ElementsAre(Is("crash: x")));
  EXPECT_THAT(comparison.fresh, ElementsAre(Is("hang: y")));
}

TEST(Compare, WhatWasNotVisitedIsNotFixed) {
  const Comparison comparison = Compare({{"f", "crash: x"}}, {{"g", ""}});
  EXPECT_THAT(comparison.fixed, IsEmpty());
  EXPECT_THAT(comparison.unknown, ElementsAre(Is("crash: x")));
}

TEST(Compare, TheSameFaultWithAnotherFindingIsAChange) {
  const Comparison comparison = Compare({{"f", "crash: x"}}, {{"f", "hang: y"}});
  EXPECT_THAT(comparison.fixed, IsEmpty());
  EXPECT_THAT(comparison.fresh, IsEmpty());
  ASSERT_EQ(comparison.changed.size(), 1u);
  EXPECT_EQ(comparison.changed[0].after.signature, "hang: y");
}

TEST(Compare, SweepsOfDifferentScenariosAreNotCompared) {
  SweptBuild one("debug:", {{"f < main", ""}});
  SweptBuild other("release:", {{"f < main", ""}});
  StoredEnvironment environment;
  environment.scenario = "start";
  environment.scenario_key = "two lcores";
  one.store().AddEnvironment(environment);
  environment.scenario_key = "one lcore";
  other.store().AddEnvironment(environment);
  EXPECT_THAT(CheckComparable(one.store(), other.store()),
              ElementsAre(HasSubstr("variables, environment or steps of start differ")));

  SweptBuild third("release:", {{"f < main", ""}});
  environment.scenario = "stop";
  third.store().AddEnvironment(environment);
  EXPECT_THROW(CheckComparable(one.store(), third.store()), Failure);
}

TEST(Compare, AFindingAtMorePlacesIsAChange) {
  const Comparison comparison =
      Compare({{"f", "crash: x"}, {"g", ""}}, {{"f", "crash: x"}, {"g", "crash: x"}});
  ASSERT_EQ(comparison.changed.size(), 1u);
  EXPECT_THAT(comparison.changed[0].how, HasSubstr("1 new"));
}

TEST(Compare, FailsForWhatFailsACommandAlone) {
  Comparison comparison;
  EXPECT_FALSE(comparison.has_failing());
  FindingGroup unproven;
  unproven.kind = "crash";
  unproven.tries = 3;
  comparison.fresh = {unproven};
  EXPECT_FALSE(comparison.has_failing());
  FindingGroup confirmed = unproven;
  confirmed.confirmed = 3;
  comparison.fresh.push_back(confirmed);
  EXPECT_TRUE(comparison.has_failing());
}

}  // namespace
}  // namespace faultline
