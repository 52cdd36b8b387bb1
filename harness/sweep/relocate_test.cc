#include "harness/sweep/relocate.h"

#include <gmock/gmock.h>

#include "harness/sweep/site_list.h"
#include "harness/sweep/testing/fake_sweep.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testkit::FakeExecutor;
using testkit::FakeSite;
using testkit::FakeTarget;

StoredSite ASite(const std::string& hash, const std::string& point, const std::string& place,
                 int64_t position) {
  StoredSite site;
  site.hash = hash;
  site.point = point;
  site.place = place;
  site.position = position;
  return site;
}

std::string Found(const SitePlace& place, const std::vector<StoredSite>& sites) {
  const std::optional<StoredSite> site = FindByCallers(place, sites);
  return site ? site->hash : "";
}

TEST(FindByCallers, FindsTheCallThatAnAddedLineHasMoved) {
  const std::vector<StoredSite> before = {ASite("1", "calloc", "f < g < main", 1),
                                          ASite("2", "open", "f < g < main", 2),
                                          ASite("3", "calloc", "f < h < main", 3)};
  const std::vector<StoredSite> after = {ASite("7", "calloc", "f < h < main", 1),
                                         ASite("8", "calloc", "f < g < main", 2)};
  const auto place = PlaceOfSite("1", before);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->index, 1);
  EXPECT_EQ(Found(*place, after), "8");
  EXPECT_FALSE(PlaceOfSite("9", before));
}

TEST(FindByCallers, TellsSeveralCallsOfOneFunctionApartByTheirOrder) {
  const std::vector<StoredSite> before = {ASite("2", "calloc", "f < main", 20),
                                          ASite("1", "calloc", "f < main", 10)};
  const std::vector<StoredSite> after = {ASite("8", "calloc", "f < main", 6),
                                         ASite("7", "calloc", "f < main", 5)};
  EXPECT_EQ(Found(*PlaceOfSite("1", before), after), "7");
  EXPECT_EQ(Found(*PlaceOfSite("2", before), after), "8");
}

TEST(FindByCallers, TakesTheNearCallersWhereFarOnesHaveChanged) {
  const SitePlace place{"1", "calloc", "a < b < c < d < e < main", 1};
  EXPECT_EQ(Found(place, {ASite("7", "calloc", "a < b < c < d < new < e < main", 1)}), "7");
  EXPECT_EQ(Found(place, {ASite("7", "calloc", "a < b < c < d < x < main", 1),
                          ASite("8", "calloc", "a < b < c < d < y < main", 2)}),
            "")
      << "either could be it";
  EXPECT_EQ(Found(place, {ASite("7", "calloc", "a < b < c < x < e < main", 1),
                          ASite("8", "open", "a < b < c < d < e < main", 2)}),
            "");
}

TEST(SitePlaces, AreKeptAsText) {
  const std::vector<SitePlace> places = {{"00ff", "libc/memory/calloc", "f < g", 2}};
  const std::vector<SitePlace> read = PlacesFromJson(PlacesToJson(places));
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].hash, "00ff");
  EXPECT_EQ(read[0].place, "f < g");
  EXPECT_EQ(read[0].index, 2);
  for (const char* bad : {"", "{", "[7]", "{\"a\":1}", "[{\"site\":1}]"}) {
    EXPECT_TRUE(PlacesFromJson(bad).empty()) << bad;
  }
}

// A finding of one build of a target, tried in another.
class AnyBuildTest : public testkit::SweepTest {
 protected:
  AnyBuildTest() {
    Fault fault;
    fault.id = "site";
    fault.point = "a/x/one";
    fault.site = FakeTarget::HashOf(kOld);
    loaded_.scenario.faults = {fault};
    loaded_.scenario.tolerance = Tolerance::kMayFailCleanly;
    scenario_options_.program = "/bin/true";
  }

  AnyBuildResult Run(FakeTarget& target) {
    FakeExecutor executor(target);
    const SitePlace place{SiteHashText(FakeTarget::HashOf(kOld)), "a/x/one", "(fake) < (fake)", 1};
    return RunInAnyBuild(loaded_, scenario_options_, {place}, executor);
  }

  const FakeSite kOld = {"a/x/one", {1, 9}, 1, false, ""};
  ScenarioOptions scenario_options_;
};

TEST_F(AnyBuildTest, TheBuildThatWasSweptNeedsNoSearch) {
  FakeTarget target({kOld});
  const AnyBuildResult run = Run(target);
  EXPECT_THAT(run.moved, IsEmpty());
  EXPECT_THAT(run.result.evidence.injections, SizeIs(1));
  EXPECT_EQ(target.runs(), 2) << "without the fault, and with it";
}

TEST_F(AnyBuildTest, ACallThatHasMovedIsFoundByItsCallersAndFails) {
  FakeTarget target({{"a/x/two", {1, 9}, 1, false, ""}, {"a/x/one", {2, 9}, 1, false, ""}});
  const AnyBuildResult run = Run(target);
  EXPECT_THAT(run.moved, ElementsAre("a/x/one in (fake) < (fake)"));
  EXPECT_THAT(run.result.evidence.injections, SizeIs(1));
  EXPECT_THAT(run.result.evidence.faults_not_reached, IsEmpty());
}

TEST_F(AnyBuildTest, ACallThatThisRunDidNotReachHasNotMoved) {
  FakeTarget target({kOld});
  loaded_.scenario.faults[0].first = loaded_.scenario.faults[0].last = 2;  // it is called once
  const AnyBuildResult run = Run(target);
  EXPECT_THAT(run.moved, IsEmpty());
  EXPECT_THAT(run.lost, IsEmpty());
  EXPECT_THAT(run.result.evidence.faults_not_reached, ElementsAre("site"));
}

TEST_F(AnyBuildTest, ACallThatIsGoneIsSaidToBe) {
  FakeTarget target({{"a/x/one", {2, 3, 9}, 1, false, ""}});
  const AnyBuildResult run = Run(target);
  EXPECT_THAT(run.moved, IsEmpty());
  EXPECT_THAT(run.lost, ElementsAre(HasSubstr("a/x/one")));
}

// Tells whose calls each run listed, and says that of each target.
class ExecutorOfTwo : public Executor {
 public:
  explicit ExecutorOfTwo(FakeTarget& target) : executor_(target) {}
  Evidence Execute(const RunRequest& request) override {
    subjects.push_back(request.scenario.subject + (request.record_sites ? " lists" : ""));
    programs.push_back(request.program);
    Evidence all = executor_.Execute(request);
    Evidence one = all;
    one.target = request.scenario.subject;
    all.targets = {one};
    return all;
  }
  std::vector<std::string> subjects;
  std::vector<std::filesystem::path> programs;

 private:
  FakeExecutor executor_;
};

TEST_F(AnyBuildTest, ACallOfAnotherTargetIsLookedForInThatOne) {
  Target one;
  one.name = "one";
  Target two;
  two.name = "two";
  two.program = "/bin/false";
  two.profile.program = "/bin/false";
  two.catalogue = loaded_.catalogue;
  loaded_.scenario.targets = {std::make_shared<const Target>(one),
                              std::make_shared<const Target>(two)};
  loaded_.scenario.subject = "one";
  loaded_.scenario.faults[0].target = "two";
  FakeTarget target({{"a/x/one", {2, 9}, 1, false, ""}});
  ExecutorOfTwo executor(target);
  const SitePlace place{SiteHashText(FakeTarget::HashOf(kOld)), "a/x/one", "(fake) < (fake)", 1};
  const AnyBuildResult run = RunInAnyBuild(loaded_, scenario_options_, {place}, executor);
  EXPECT_THAT(run.moved, SizeIs(1));
  const auto listed = std::find(executor.subjects.begin(), executor.subjects.end(), "two lists");
  ASSERT_NE(listed, executor.subjects.end());
  EXPECT_EQ(executor.programs[static_cast<size_t>(listed - executor.subjects.begin())],
            "/bin/false");
}

}  // namespace
}  // namespace faultline
