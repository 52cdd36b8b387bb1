// Making, ordering, sharding and limiting plans.
#include <gmock/gmock.h>

#include <csignal>
#include <map>

#include "harness/base/failure.h"
#include "harness/store/testing/store_values.h"
#include "harness/sweep/budget.h"
#include "harness/sweep/novelty_order.h"
#include "harness/sweep/shard.h"
#include "harness/sweep/stack_json.h"
#include "harness/sweep/sweep_plan.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testkit::ASite;

StoredSite SiteAt(const std::string& hash, const Stack& stack, bool before_main = false) {
  StoredSite site = ASite(hash, 1);
  site.calls = 1;
  site.stack = CompactText(StackToJson(stack));
  site.before_main = before_main;
  return site;
}

Frame In(const std::string& function, const std::string& module = "target", uint64_t offset = 1) {
  return {function, function + ".c", 1, module, offset};
}

TEST(MakePlans, APersistentFailureGoesOnAtEveryLaterCallOfThePoint) {
  const auto plans = MakePlans({SiteAt("00000000000000aa", {})}, {SweepMode::kPersistent}, 3);
  ASSERT_THAT(plans, SizeIs(1));
  ASSERT_THAT(plans[0].faults, SizeIs(2));
  EXPECT_EQ(plans[0].faults[0].site, 0xaau);
  EXPECT_EQ(plans[0].faults[0].last, 1u);
  EXPECT_EQ(plans[0].faults[1].site, 0u);
  EXPECT_EQ(plans[0].faults[1].last, UINT64_MAX);
  EXPECT_EQ(plans[0].faults[1].after, plans[0].faults[0].id);
}

TEST(MakePlans, ASignalDoesNotFailTheCall) {
  const auto plans = MakePlans({SiteAt("aa", {})}, {SweepMode::kSigtermTwice}, 1);
  ASSERT_THAT(plans[0].faults, SizeIs(2));
  for (const Fault& fault : plans[0].faults) {
    EXPECT_EQ(fault.action, Fault::Action::kSignal);
    EXPECT_EQ(fault.signal, SIGTERM);
  }
}

TEST(MakePlans, NoSignalIsSentBeforeMain) {
  EXPECT_THAT(MakePlans({SiteAt("aa", {}, true)}, {SweepMode::kSigterm, SweepMode::kTransient}, 1),
              SizeIs(1));
}

TEST(MakePlans, AStopRequestIsTheProfilesAndNoConnectionIsDroppedBeforeTheFirstStep) {
  StoredSite early = SiteAt("aa", {});
  StoredSite late = SiteAt("bb", {});
  late.step = 2;
  const auto plans = MakePlans({early, late}, {SweepMode::kStopRpc, SweepMode::kDropConnection}, 1,
                               {"stop", {{"now", true}}});
  ASSERT_THAT(plans, SizeIs(3));
  EXPECT_EQ(plans[0].faults[0].action, Fault::Action::kRpc);
  EXPECT_EQ(plans[0].faults[0].rpc.method, "stop");
  EXPECT_EQ(plans[0].faults[0].rpc.params["now"], true);
  EXPECT_EQ(plans[2].site.hash, "bb");
  EXPECT_EQ(plans[2].faults[0].action, Fault::Action::kDropConnection);
}

TEST(MakePlans, AnUnknownModeIsRefusedWithTheNearest) {
  EXPECT_EQ(ParseMode("sigterm"), SweepMode::kSigterm);
  try {
    ParseMode("transitent");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("did you mean `transient`"));
  }
}

TEST(MakeBatches, SitesOfOneCauseStayTogetherInOneShard) {
  std::vector<StoredSite> sites;
  for (int i = 0; i < 30; ++i) {
    sites.push_back(SiteAt("c" + std::to_string(i), {In("registers")}, true));
  }
  const auto plans = MakePlans(sites, {SweepMode::kTransient}, 1);
  size_t batches = 0;
  for (int index = 1; index <= 4; ++index) {
    for (const Batch& batch : MakeBatches(plans, {index, 4, ""})) {
      EXPECT_THAT(batch.plans, SizeIs(30));
      ++batches;
    }
  }
  EXPECT_EQ(batches, 1u);
}

// What one worker went through a cause by would be passed by what the others do meanwhile.
TEST(MakeBatches, PlansOfACauseKeepTheirOrderAmongOthersWhenTheyAreApart) {
  const auto plans = MakePlans({SiteAt("c1", {In("registers")}, true), SiteAt("m", {In("main")}),
                                SiteAt("c2", {In("registers")}, true)},
                               {SweepMode::kTransient}, 1);
  std::vector<std::string> sites;
  for (const Batch& batch : MakeBatches(plans, {1, 1, ""}, /*apart=*/true)) {
    ASSERT_THAT(batch.plans, SizeIs(1));
    sites.push_back(batch.plans.front().site.hash);
  }
  EXPECT_THAT(sites, ElementsAre("c1", "m", "c2"));
}

TEST(MakeBatches, ShardsAreDisjointAndComplete) {
  std::vector<StoredSite> sites;
  for (int i = 0; i < 500; ++i) {
    sites.push_back(SiteAt("h" + std::to_string(i), {}));
  }
  const auto plans = MakePlans(sites, {SweepMode::kTransient}, 1);
  std::map<std::string, int> owners;
  for (int index = 1; index <= 7; ++index) {
    const auto batches = MakeBatches(plans, {index, 7, ""});
    EXPECT_GT(batches.size(), 40u);
    for (const Batch& batch : batches) {
      ++owners[batch.key];
    }
  }
  EXPECT_EQ(owners.size(), 500u);
  for (const auto& [key, count] : owners) {
    EXPECT_EQ(count, 1) << key;
  }
}

TEST(NoveltyOrder, WhatIsNewComesFirst) {
  StoredSite first = SiteAt("1", {In("f", "m1", 1), In("main", "m1", 2)});
  StoredSite alike = SiteAt("2", {In("f", "m1", 3), In("main", "m1", 2)});
  StoredSite other_caller = SiteAt("3", {In("g", "m1", 4), In("main", "m1", 2)});
  StoredSite other_module = SiteAt("4", {In("h", "m2", 5), In("main", "m1", 2)});
  std::vector<std::string> order;
  for (const StoredSite& site : NoveltyOrder({first, alike, other_caller, other_module})) {
    order.push_back(site.hash);
  }
  EXPECT_THAT(order, ElementsAre("1", "4", "3", "2"));
}

// Tempting: the order of novelty alone, in which what a callback goes on with hides its own calls.
TEST(NearestFirst, CallsOfTheSelectedCodeItselfComeBeforeThoseThatItGoesOnTo) {
  const StoredSite far = SiteAt(
      "far", {In("open"), In("examine"), In("register"), In("next"), In("load_done"), In("main")});
  const StoredSite helper = SiteAt("helper", {In("realloc"), In("load_done"), In("main")});
  const StoredSite own = SiteAt("own", {In("load_done"), In("main")});
  const auto order = [&](const Selection& selection) {
    std::vector<std::string> hashes;
    for (const StoredSite& site : NearestFirst({far, helper, own}, selection)) {
      hashes.push_back(site.hash);
    }
    return hashes;
  };
  Selection selection;
  EXPECT_THAT(order(selection), ElementsAre("far", "helper", "own"));
  selection.callers = {"load_*"};
  EXPECT_THAT(order(selection), ElementsAre("helper", "own", "far"));
}

// What takes back what others made has no call that could fail: those of its file are tried too,
// behind its own, and last those of the files beside it, whose objects it may take back. Tempting:
// to select all on whose stack the file is, which may be half the program.
TEST(NearestFirst, CallsOfTheFileAndTheFolderOfAChangeComeBehindThoseOfTheChangedFunctions) {
  const ChangedLines changed = ChangedLines::FromDiff(
      "+++ b/lib/pool.c\n"
      "@@ -10,2 +10,3 @@ pool_free\n");
  const auto at = [](int line) { return Frame{"f", "/src/lib/pool.c", line, "target", 1}; };
  const StoredSite own = SiteAt("own", {In("calloc"), at(11), In("main")});
  const StoredSite beside = SiteAt("beside", {In("calloc"), at(50), In("main")});
  const StoredSite above = SiteAt(
      "above", {In("calloc"), In("open"), In("examine"), In("register"), In("next"), at(50)});
  const StoredSite other = SiteAt("other", {In("main")});
  const auto in = [](const char* file) { return Frame{"g", file, 7, "target", 1}; };
  const StoredSite folder = SiteAt("folder", {In("calloc"), in("/src/lib/ring.c"), In("main")});
  const StoredSite elsewhere = SiteAt("elsewhere", {In("calloc"), in("/src/mylib/ring.c")});
  const StoredSite below = SiteAt("below", {In("calloc"), in("/src/lib/part/ring.c")});
  Selection selection;
  selection.points = {"*"};
  selection.changed = &changed;
  EXPECT_TRUE(selection.SelectsSite(own));
  EXPECT_FALSE(selection.SelectsSite(beside)) << "without a budget it is the change alone";
  selection.beside_changes = true;
  EXPECT_TRUE(selection.SelectsSite(beside));
  EXPECT_FALSE(selection.SelectsSite(above));
  EXPECT_FALSE(selection.SelectsSite(other));
  EXPECT_TRUE(selection.SelectsSite(folder));
  EXPECT_FALSE(selection.SelectsSite(elsewhere));
  EXPECT_FALSE(selection.SelectsSite(below));
  std::vector<std::string> hashes;
  const StoredSite far = SiteAt(  // on the stack of all that a callback of it goes on with
      "far", {In("calloc"), In("open"), In("examine"), In("register"), In("next"), at(11)});
  for (const StoredSite& site : NearestFirst({folder, far, beside, own}, selection)) {
    hashes.push_back(site.hash);
  }
  EXPECT_THAT(hashes, ElementsAre("own", "beside", "far", "folder"));
}

TEST(RandomOrder, DependsOnTheSeedAlone) {
  std::vector<StoredSite> sites;
  for (int i = 0; i < 50; ++i) {
    sites.push_back(ASite(std::to_string(i), i));
  }
  const auto hashes = [](const std::vector<StoredSite>& list) {
    std::vector<std::string> all;
    for (const StoredSite& site : list) {
      all.push_back(site.hash);
    }
    return all;
  };
  EXPECT_EQ(hashes(RandomOrder(sites, 7)), hashes(RandomOrder(sites, 7)));
  EXPECT_NE(hashes(RandomOrder(sites, 7)), hashes(RandomOrder(sites, 8)));
  EXPECT_THAT(hashes(RandomOrder(sites, 7)), ::testing::UnorderedElementsAreArray(hashes(sites)));
}

TEST(Budget, IsATimeOrANumberOfRuns) {
  EXPECT_EQ(ParseBudget("90s").time_ms, 90'000);
  EXPECT_EQ(ParseBudget("15m").time_ms, 900'000);
  EXPECT_EQ(ParseBudget("2h").time_ms, 7'200'000);
  EXPECT_EQ(ParseBudget("500runs").runs, 500);
  EXPECT_EQ(ParseBudget("500 runs").runs, 500);
  EXPECT_FALSE(ParseBudget("1s").runs < 1'000'000);
}

TEST(Budget, RefusesWhatIsNone) {
  for (const char* text : {"", "s", "0s", "-5s", "5x", "5 s s", "1e3", "99999999999999999999s"}) {
    EXPECT_THROW(ParseBudget(text), Failure) << text;
  }
}

TEST(Shard, IsReadFromTheCommandLine) {
  EXPECT_EQ(ParseShard("2/4").ToString(), "2/4");
  EXPECT_TRUE(ParseShard("1/1").is_whole());
  for (const char* text : {"", "/", "0/4", "5/4", "2", "a/4", "2/b", "2/4/6", "-1/4", "2 /4"}) {
    EXPECT_THROW(ParseShard(text), Failure) << text;
  }
}

std::optional<Shard> FromEnvironment(const std::map<std::string, std::string>& environment) {
  return ShardFromEnvironment([&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

TEST(Shard, IsReadAsTestRunnersAndSchedulersSetIt) {
  EXPECT_FALSE(FromEnvironment({}));
  EXPECT_EQ(FromEnvironment({{"GTEST_SHARD_INDEX", "1"}, {"GTEST_TOTAL_SHARDS", "4"}})->ToString(),
            "2/4");
  EXPECT_EQ(FromEnvironment({{"CI_NODE_INDEX", "4"}, {"CI_NODE_TOTAL", "4"}})->ToString(), "4/4");
  EXPECT_EQ(FromEnvironment({{"SLURM_ARRAY_TASK_ID", "12"},
                             {"SLURM_ARRAY_TASK_MIN", "10"},
                             {"SLURM_ARRAY_TASK_COUNT", "4"}})
                ->ToString(),
            "3/4");
  EXPECT_EQ(
      FromEnvironment({{"JOB_COMPLETION_INDEX", "0"}, {"FAULTLINE_SHARD_TOTAL", "3"}})->ToString(),
      "1/3");
}

TEST(Shard, AnEnvironmentThatMakesNoSenseIsRefused) {
  EXPECT_THROW(FromEnvironment({{"GTEST_SHARD_INDEX", "4"}, {"GTEST_TOTAL_SHARDS", "4"}}), Failure);
  EXPECT_THROW(FromEnvironment({{"JOB_COMPLETION_INDEX", "0"}}), Failure);
  EXPECT_THROW(FromEnvironment({{"CI_NODE_INDEX", "x"}, {"CI_NODE_TOTAL", "4"}}), Failure);
}

}  // namespace
}  // namespace faultline
