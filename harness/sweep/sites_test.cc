// Which sites there are, and which of them are selected.
#include <gmock/gmock.h>

#include <stdlib.h>

#include "harness/base/testing/temporary_directory.h"
#include "harness/store/testing/store_values.h"
#include "harness/sweep/changed_lines.h"
#include "harness/sweep/nesting.h"
#include "harness/sweep/selected_sites.h"
#include "harness/sweep/selection.h"
#include "harness/sweep/site_list.h"
#include "harness/sweep/stack_json.h"
#include "harness/sweep/testing/fake_target.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using testkit::ASite;
using testkit::FakeSite;
using testkit::FakeTarget;

// Module 0 is the program, module 1 libc.
class NestingTest : public ::testing::Test {
 protected:
  std::vector<int> OuterOf(const std::vector<FakeSite>& sites) {
    Catalogue catalogue;
    catalogue.wrappers = {"dpdk/malloc/zmalloc"};
    catalogue.allocations = {"dpdk/malloc"};
    for (const FakeSite& site : sites) {
      if (catalogue.FindPoint(site.point) == nullptr) {
        FaultPoint point;
        point.name = site.point;
        point.symbols = {site.point};
        catalogue.points.push_back(point);
      }
    }
    RunRequest request{scenario_, profile_, catalogue};
    request.record_sites = true;
    Evidence evidence = FakeTarget(sites).Run(request);
    evidence.journal.modules.resize(2);
    evidence.journal.modules[1].path = "/lib/libc.so.6";
    for (JournalStack& stack : evidence.journal.stacks) {
      for (uint64_t& frame : stack.frames) {
        if (protocol::FrameOffset(frame) >= kLibc) {
          frame = protocol::PackFrame(1, protocol::FrameOffset(frame));
        }
      }
    }
    return FindOuterSites(evidence, catalogue);
  }

  static constexpr uint64_t kLibc = 1000;
  Scenario scenario_;
  Profile profile_;
};

TEST_F(NestingTest, WhatAWrapperCallsIsPartOfItsAllocation) {
  EXPECT_THAT(OuterOf({{"dpdk/malloc/zmalloc", {1, 2}, 1, false, ""},
                       {"hugepage/mmap", {1, 2}, 1, false, ""}}),
              ElementsAre(-1, 0));
}

TEST_F(NestingTest, LayersOfOneAllocationArePartsOfTheOutermost) {
  EXPECT_THAT(OuterOf({{"dpdk/malloc/malloc_socket", {1, 2}, 1, false, ""},
                       {"dpdk/malloc/heap_alloc", {7, 1, 2}, 1, false, ""}}),
              ElementsAre(-1, 0));
}

TEST_F(NestingTest, WhatAFunctionWithAWayOutOfItsOwnCallsIsAPlaceOfItsOwn) {
  EXPECT_THAT(OuterOf({{"dpdk/eal/init", {1, 2}, 1, false, ""},
                       {"dpdk/eal/service_init", {7, 1, 2}, 1, false, ""}}),
              ElementsAre(-1, -1))
      << "one group, but no layers of an allocation";
  EXPECT_THAT(OuterOf({{"spdk/io_device/for_each_channel", {1, 2}, 1, false, ""},
                       {"spdk/thread/send_msg", {1, 2}, 1, false, ""}}),
              ElementsAre(-1, -1))
      << "after a tail call";
}

TEST_F(NestingTest, WhatAnotherGroupAllocatesInsideIsAPlaceOfItsOwn) {
  EXPECT_THAT(OuterOf({{"dpdk/ring/create", {1, 2}, 1, false, ""},
                       {"dpdk/memzone/reserve", {7, 1, 2}, 1, false, ""}}),
              ElementsAre(-1, -1));
}

TEST_F(NestingTest, AllocationsOfLibcInsideItsOwnFunctionsAreParts) {
  EXPECT_THAT(OuterOf({{"libc/string/strdup", {1, 2}, 1, false, ""},
                       {"libc/memory/malloc", {kLibc, 1, 2}, 1, false, ""}}),
              ElementsAre(-1, 0));
}

TEST_F(NestingTest, AnotherCallOfTheSameFunctionIsNoPart) {
  EXPECT_THAT(OuterOf({{"dpdk/malloc/zmalloc", {1, 2}, 1, false, ""},
                       {"dpdk/malloc/heap_alloc", {7, 3, 2}, 1, false, ""}}),
              ElementsAre(-1, -1));
}

StoredSite SiteOf(const std::string& point, const Stack& stack) {
  StoredSite site = ASite("1", 1);
  site.point = point;
  site.stack = CompactText(StackToJson(stack));
  return site;
}

TEST(Selection, LeavesOutTheMallocFamilyUnlessAsked) {
  Selection selection;
  EXPECT_FALSE(selection.SelectsPoint("libc/memory/malloc"));
  EXPECT_FALSE(selection.SelectsPoint("libc/string/strdup"));
  EXPECT_TRUE(selection.SelectsPoint("libc/memory/mmap"));
  EXPECT_TRUE(selection.SelectsPoint("dpdk/ring/create"));
  selection.points = {"*"};
  EXPECT_TRUE(selection.SelectsPoint("libc/memory/malloc"));
  selection.exclude = {"libc/memory/*"};
  EXPECT_FALSE(selection.SelectsPoint("libc/memory/mmap"));
  selection = Selection();
  selection.groups = {"dpdk", "libc/socket"};
  EXPECT_TRUE(selection.SelectsPoint("dpdk/ring/create"));
  EXPECT_TRUE(selection.SelectsPoint("libc/socket/bind"));
  EXPECT_FALSE(selection.SelectsPoint("libc/file/open"));
}

TEST(Selection, OfLeavesTakesTheMallocFamilyAndNoDerivedPoint) {
  Catalogue catalogue;
  const auto add = [&](const char* name, FaultPoint::Kind kind) {
    FaultPoint& point = catalogue.points.emplace_back();
    point.name = name;
    point.kind = kind;
  };
  add("libc/memory/malloc", FaultPoint::Kind::kLeaf);
  add("dpdk/ring/enqueue", FaultPoint::Kind::kState);
  add("dpdk/mempool/create", FaultPoint::Kind::kDerived);
  const auto selected = [&](const Selection& selection) {
    std::vector<std::string> names;
    for (const FaultPoint& point : SelectPoints(catalogue, selection).points) {
      names.push_back(point.name);
    }
    return names;
  };
  Selection selection;
  EXPECT_THAT(selected(selection), ElementsAre("dpdk/ring/enqueue", "dpdk/mempool/create"));
  const std::string key = selection.CensusKey();
  selection.leaves = true;
  EXPECT_THAT(selected(selection), ElementsAre("libc/memory/malloc", "dpdk/ring/enqueue"));
  EXPECT_EQ(selection.Text(), "--leaves");
  EXPECT_NE(selection.CensusKey(), key);
  selection.groups = {"dpdk/mempool"};  // asked for by name
  EXPECT_THAT(selected(selection), ElementsAre("dpdk/mempool/create"));
}

TEST(Selection, LooksAtTheWholeStack) {
  const StoredSite site = SiteOf(
      "libc/socket/bind", {{"open_socket", "/src/spdk/lib/env/init.c", 10, "librte_eal.so", 1},
                           {"start", "/src/spdk/lib/event/app.c", 20, "target", 2}});
  const auto selects = [&](auto member, const std::string& value) {
    Selection selection;
    (selection.*member) = {value};
    return selection.SelectsSite(site);
  };
  EXPECT_TRUE(selects(&Selection::callers, "start"));
  EXPECT_FALSE(selects(&Selection::callers, "stop"));
  EXPECT_TRUE(selects(&Selection::subsystems, "lib/event"));
  EXPECT_FALSE(selects(&Selection::subsystems, "lib/even"));
  EXPECT_TRUE(selects(&Selection::files, "init.c"));
  EXPECT_TRUE(selects(&Selection::modules, "librte_eal*"));
  EXPECT_FALSE(selects(&Selection::modules, "target"));
}

// Nobody has typed the module that --own stands for.
TEST(Selection, OwnThatMatchesNothingIsCalledOwn) {
  Selection selection;
  selection.modules = {"tally.py"};
  selection.own = true;
  const std::vector<StoredSite> sites = {
      SiteOf("libc/socket/bind", {{"bind", "", 0, "python3.11", 1}})};
  try {
    RequireSites(sites, selection);
    FAIL() << "it selects nothing";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.what(), testing::AllOf(testing::StartsWith("--own: none of the 1 places"),
                                               testing::HasSubstr("python3.11")));
  }
  selection.modules = {"python3.11"};
  EXPECT_TRUE(RequireSites(sites, selection).any);
}

// A change names functions that a scenario need not reach.
TEST(Selection, OfSeveralNamesThoseThatNoSiteHasAreTold) {
  const std::vector<StoredSite> sites = {SiteOf(
      "libc/memory/malloc",
      {{"malloc", "", 0, "libc.so.6", 0}, {"store_create", "/src/lib/store.c", 3, "target", 0}})};
  Selection selection;
  selection.points = {"*"};
  selection.callers = {"store_create", "store_creat", "elsewhere"};
  EXPECT_THAT(RequireSites(sites, selection).unmatched,
              testing::ElementsAre(
                  testing::AllOf(testing::StartsWith("--caller store_creat: none of the 1 places"),
                                 testing::HasSubstr("did you mean `store_create`?")),
                  testing::StartsWith("--caller elsewhere: ")));
  selection.files = {"store.c", "other.c"};
  EXPECT_THAT(RequireSites(sites, selection).unmatched,
              testing::Contains(testing::StartsWith("--file other.c: ")));
  selection.callers = {"elsewhere", "nowhere"};
  try {
    RequireSites(sites, selection);
    FAIL() << "none of them is reached";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.what(), testing::AllOf(testing::HasSubstr("--caller elsewhere: "),
                                               testing::HasSubstr("--caller nowhere: ")));
  }
}

TEST(Selection, LooksAtTheStep) {
  Selection selection;
  StoredSite site = SiteOf("dpdk/ring/create", {});
  site.step = 2;
  selection.steps = {1, 2};
  EXPECT_TRUE(selection.SelectsSite(site));
  selection.steps = {0};
  EXPECT_FALSE(selection.SelectsSite(site));
}

TEST(ChangedLines, ReadsTheNewLinesOfADiff) {
  const ChangedLines changed = ChangedLines::FromDiff(
      "diff --git a/lib/a.c b/lib/a.c\n--- a/lib/a.c\n+++ b/lib/a.c\n"
      "@@ -10,3 +10,5 @@ f(void)\n+x\n@@ -40 +42 @@\n"
      "diff --git a/gone.c b/gone.c\n--- a/gone.c\n+++ /dev/null\n@@ -1,9 +0,0 @@\n");
  EXPECT_TRUE(changed.Contains("/src/lib/a.c", 10));
  EXPECT_TRUE(changed.Contains("/src/lib/a.c", 14));
  EXPECT_FALSE(changed.Contains("/src/lib/a.c", 15));
  EXPECT_TRUE(changed.Contains("a.c", 42));
  EXPECT_FALSE(changed.Contains("/src/lib/ba.c", 10));
  EXPECT_FALSE(changed.Contains("/src/gone.c", 1));
}

TEST(ChangedLines, AsksGitForWholeFunctions) {
  const testkit::TemporaryDirectory directory;
  const std::string name = directory.path();
  const std::string git = "cd " + name + " && git -c user.name=t -c user.email=t@t ";
  const std::string file =
      "int f(void)\\n{\\n  g();\\n  h();\\n  return 0;\\n}\\n\\nint k(void)\\n{\\n  return "
      "1;\\n}\\n";
  ASSERT_EQ(
      ::system(
          ("cd " + name + " && git init -q && printf '" + file + "' > a.c && git add a.c").c_str()),
      0);
  ASSERT_EQ(::system((git + "commit -q -m one").c_str()), 0);
  ASSERT_EQ(::system(("sed -i 's/return 0/return 2/' " + name + "/a.c").c_str()), 0);
  const ChangedLines changed = ChangedLines::SinceRevision(name, "HEAD");
  EXPECT_TRUE(changed.Contains("a.c", 3));
  EXPECT_FALSE(changed.Contains("a.c", 10));
  EXPECT_THROW(ChangedLines::SinceRevision(name, "nosuchrevision"), std::exception);
  EXPECT_THROW(ChangedLines::SinceRevision(name, "--output=x"), std::exception);
}

TEST(SiteHash, IsTextAndBack) {
  EXPECT_EQ(SiteHashText(0xabcdef), "0000000000abcdef");
  EXPECT_EQ(SiteHashValue("ffffffffffffffff"), UINT64_MAX);
}

}  // namespace
}  // namespace faultline
