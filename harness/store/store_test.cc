#include "harness/store/store.h"

#include <gmock/gmock.h>

#include <map>

#include "harness/store/testing/store_values.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using testkit::AFinding;
using testkit::AnEnvironment;
using testkit::ARun;
using testkit::ASite;
using testkit::Fill;
using testkit::IsBadInput;
using testkit::StoreFile;

TEST(Store, GivesBackWhatWasWritten) {
  const StoreFile file;
  {
    Store store(file.path(), Store::Mode::kCreate);
    Fill(store);
  }
  Store store(file.path(), Store::Mode::kRead);
  ASSERT_TRUE(store.FindCensus("all"));
  EXPECT_EQ(store.FindCensus("all")->runs, 2);
  EXPECT_FALSE(store.FindCensus("other"));
  const std::vector<StoredSite> sites = store.Sites();
  ASSERT_THAT(sites, SizeIs(3));
  EXPECT_EQ(sites[0].hash, "a");
  EXPECT_EQ(sites[2].hash, "z");
  EXPECT_EQ(store.Points().at(0).calls, 7);
  EXPECT_THAT(store.Nondeterministic(), ElementsAre(std::pair("c", "once only")));
  const auto run = store.FindRun("transient:a#1");
  ASSERT_TRUE(run);
  EXPECT_EQ(run->evidence, "{\"log\":[]}");
  ASSERT_THAT(run->findings, SizeIs(1));
  EXPECT_EQ(run->findings[0].title, "title of crash: x");
  EXPECT_THAT(store.Environments(), SizeIs(1));
}

// A census sees no call of a point that only an error path calls.
TEST(Store, APointOfWhichARunHasFoundPlacesIsCalled) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  Store::Census census;
  census.selection = "all";
  census.points = {{"libc/socket/bind", "never called", 0}, {"libc/file/open", "never called", 0}};
  store.AddCensus(census);
  StoredSite site;
  site.hash = "a";
  site.point = "libc/socket/bind";
  site.seen_after = "b";
  store.AddRun(ARun("k", "tolerated"), {site});
  const std::vector<Store::Census::Point> points = store.Points();
  ASSERT_THAT(points, SizeIs(2));
  EXPECT_EQ(points[0].status, "never called") << points[0].name;
  EXPECT_EQ(points[1].status, "called") << points[1].name;
}

TEST(Store, ARunIsTakenOnce) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  store.AddRun(ARun("k", "tolerated"));
  store.AddRun(ARun("k", "finding"));
  EXPECT_EQ(store.Runs().at(0).outcome, "tolerated");
}

TEST(Store, GroupsFindingsBySignatureAndCountsAlikeRuns) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  for (const char* key : {"one", "two"}) {
    StoredRun run = ARun(key);
    run.site = key;
    run.findings = {AFinding("crash: x"), AFinding("leak: y")};
    store.AddRun(run);
  }
  StoredRun alike = ARun("three", "alike");
  alike.site = "three";
  alike.alike = "one";
  store.AddRun(alike);
  StoredRun other = ARun("four");
  other.findings = {AFinding("crash: x")};
  store.AddRun(other);
  const std::vector<FindingGroup> groups = store.Findings();
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_EQ(groups[0].signature, "crash: x");
  EXPECT_EQ(groups[0].runs, 4);
  EXPECT_EQ(groups[0].sites, 4);
  EXPECT_THAT(groups[1].run_keys, ElementsAre("one", "three", "two"));
}

TEST(Store, FindsAFindingByTheStartOfItsId) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  EXPECT_THAT([&] { store.FindFinding("abc"); }, IsBadInput("holds no findings"));
  StoredRun run = ARun("one");
  run.findings = {AFinding("crash: x"), AFinding("leak: y")};
  store.AddRun(run);
  const std::string id = FindingId("leak: y");
  EXPECT_EQ(store.FindFinding(id.substr(0, 5)).signature, "leak: y");
  EXPECT_THAT([&] { store.FindFinding("nosuch"); }, IsBadInput(id));
  EXPECT_THAT([&] { store.FindFinding(""); }, IsBadInput("more than one"));
}

TEST(Store, AConfirmationBelongsToItsFinding) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  StoredRun run = ARun("one");
  run.findings = {AFinding("crash: x")};
  store.AddRun(run);
  store.SetConfirmation({"crash: x", 3, 2, "one", "faultline: 1\n"});
  const FindingGroup group = store.Findings().at(0);
  EXPECT_EQ(group.tries, 3);
  EXPECT_EQ(group.confirmed, 2);
  EXPECT_EQ(group.scenario, "faultline: 1\n");
}

// Tempting: the first run's title, with as many objects as that one left.
TEST(Store, TheTitleIsThatOfTheRunInWhichAFindingIsShown) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  for (const char* key : {"one", "two"}) {
    StoredRun run = ARun(key);
    run.findings = {AFinding("leak: x")};
    run.findings[0].title += std::string(" in ") + key;
    store.AddRun(run);
  }
  EXPECT_EQ(store.Findings().at(0).title, "title of leak: x in one") << "not confirmed yet";
  store.SetConfirmation({"leak: x", 3, 3, "two", ""});
  EXPECT_EQ(store.Findings().at(0).title, "title of leak: x in two");
  store.SetConfirmation({"leak: x", 3, 3, "a failure below", ""});
  EXPECT_EQ(store.Findings().at(0).title, "title of leak: x in one");
}

TEST(Store, RefusesRunsOfAnotherScenarioOrProgram) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  store.AddEnvironment(AnEnvironment());
  StoredEnvironment other_machine = AnEnvironment();
  other_machine.machine = "elsewhere";
  store.AddEnvironment(other_machine);
  StoredEnvironment other_scenario = AnEnvironment();
  other_scenario.scenario_key = "changed";
  EXPECT_THAT([&] { store.AddEnvironment(other_scenario); }, IsBadInput("another store"));
  StoredEnvironment other_program = AnEnvironment();
  other_program.program_key = "ffff";
  EXPECT_THAT([&] { store.AddEnvironment(other_program); }, IsBadInput("another build"));
  StoredEnvironment other_rules = AnEnvironment();
  other_rules.rules_key = "changed";
  EXPECT_THAT([&] { store.AddEnvironment(other_rules); }, IsBadInput("by other rules"));
  EXPECT_THAT(store.Environments(), SizeIs(2));
}

// By the finding's own stack; what libc does it is told to.
TEST(Store, KnowsWhichFindingsAreInTheProgramsOwnCode) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  StoredRun run = ARun("r1");
  run.site = "s";
  const auto add = [&](const std::string& signature, const std::string& stack) {
    run.findings.push_back(AFinding(signature));
    run.findings.back().stack = stack;
  };
  add("crash: own", R"([["strlen","",0,"libc.so.6"],["parse","a.c",3,"my_app"]])");
  add("crash: lib", R"([["rte_ring_free","",0,"librte_ring.so.23"],["stop","a.c",9,"my_app"]])");
  add("leak: no stack", "[]");  // then that of the failed call
  StoredSite site = ASite("s", 1);
  site.stack = R"([["start","a.c",4,"my_app"]])";
  store.AddRun(run, {site});
  run.key = "r2";
  run.site = "unknown";
  run.findings = {AFinding("hang: nothing known")};
  run.findings.back().stack = "no JSON";
  store.AddRun(run);
  std::map<std::string, bool> own;
  for (const FindingGroup& group : store.Findings()) {
    own[group.signature] = group.in_own_code;
  }
  EXPECT_THAT(
      own, ElementsAre(std::pair("crash: lib", false), std::pair("crash: own", true),
                       std::pair("hang: nothing known", false), std::pair("leak: no stack", true)));
}

}  // namespace
}  // namespace faultline
