#include "harness/report/sweep_digest.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "harness/report/testing/reported_sweep.h"

namespace faultline {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class SweepDigestTest : public testing::Test {
 protected:
  SweepDigestTest() : store_(file_.path(), Store::Mode::kCreate) { testkit::FillStore(store_, 12); }

  testkit::StoreFile file_;
  Store store_;
  Baseline baseline_;
};

TEST_F(SweepDigestTest, PutsTheConfirmedFindingBeforeTheUntriedOne) {
  const SweepDigest digest = MakeDigest(store_, baseline_);
  ASSERT_THAT(digest.findings, SizeIs(2));
  EXPECT_EQ(digest.findings[0].status, "confirmed");
  EXPECT_EQ(digest.findings[0].group.kind, "crash");
  EXPECT_EQ(digest.findings[1].status, "not tried");
}

// Tempting: a crash comes before a leak.
TEST_F(SweepDigestTest, PutsTheProgramsOwnCodeBeforeItsLibraries) {
  StoredRun run = testkit::ARun("transient own");
  run.findings = {testkit::AFinding("leak: own"), testkit::AFinding("crash: lib")};
  run.findings[0].stack = R"([["f","a.c",1,"my_app"]])";
  run.findings[1].stack = R"([["rte_f","",0,"librte_eal.so.23"]])";
  store_.AddRun(run);
  std::vector<std::string> untried;
  for (const DigestFinding& finding : MakeDigest(store_, baseline_).findings) {
    if (finding.status == "not tried") {
      untried.push_back(finding.group.signature);
    }
  }
  const auto at = [&](const std::string& signature) {
    return std::find(untried.begin(), untried.end(), signature) - untried.begin();
  };
  ASSERT_THAT(untried, testing::IsSupersetOf({"leak: own", "crash: lib"}));
  EXPECT_LT(at("leak: own"), at("crash: lib"));
}

TEST_F(SweepDigestTest, OnlyAConfirmedFindingThatIsNotKnownFails) {
  const SweepDigest digest = MakeDigest(store_, baseline_);
  EXPECT_FALSE(digest.passed());
  EXPECT_FALSE(digest.findings[1].fails) << "nobody has seen it twice";

  BaselineEntry entry;
  entry.signature = "crash: SIGSEGV @ died_0";
  baseline_.entries.push_back(entry);
  const SweepDigest known = MakeDigest(store_, baseline_);
  EXPECT_TRUE(known.passed());
  EXPECT_EQ(known.findings.back().group.kind, "crash") << "known ones come last";
  EXPECT_THAT(known.Verdict(), AllOf(HasSubstr("1 known"), HasSubstr("1 not confirmed")));
}

TEST_F(SweepDigestTest, TheVerdictCallsConfirmedOnlyWhatIs) {
  SweepDigest digest = MakeDigest(store_, baseline_);
  EXPECT_THAT(digest.Verdict(), StartsWith("1 confirmed finding by 1 cause"));
  digest.findings[1].fails = true;  // as a crash that came twice
  digest.findings[1].status = "flaky";
  EXPECT_THAT(digest.Verdict(), StartsWith("2 findings by 2 causes (1 confirmed, 1 flaky)"));
  digest.findings[0].status = digest.findings[1].status = "seen";
  EXPECT_THAT(digest.Verdict(), StartsWith("2 findings by 2 causes")) << "of single runs";
  EXPECT_THAT(digest.Verdict(), Not(HasSubstr("confirmed,")));
}

TEST_F(SweepDigestTest, WhatEndsByDesignIsToldAndFailsNothing) {
  StoredRun run = testkit::ARun("persistent 0000000000000005#1", "clean error");
  run.site = "0000000000000005";
  run.findings.push_back(testkit::AFinding("ends-by-design: the ring is full @ send"));
  store_.AddRun(run);
  const SweepDigest digest = MakeDigest(store_, baseline_);
  ASSERT_THAT(digest.findings, SizeIs(3));
  EXPECT_EQ(digest.findings[2].status, "by design");
  EXPECT_FALSE(digest.findings[2].fails);
  EXPECT_EQ(digest.sites[5].verdict, "clean error");
  EXPECT_THAT(digest.Verdict(), AllOf(HasSubstr("1 by design"), HasSubstr("1 not confirmed")));
}

TEST_F(SweepDigestTest, EachSiteHasTheWorstThatItsRunsShowed) {
  store_.AddRun([] {
    StoredRun run = testkit::ARun("persistent 0000000000000004#1", "not reached");
    run.site = "0000000000000004";
    return run;
  }());
  const SweepDigest digest = MakeDigest(store_, baseline_);
  ASSERT_THAT(digest.sites, SizeIs(12));
  EXPECT_EQ(digest.sites[0].verdict, "finding");
  EXPECT_EQ(digest.sites[1].verdict, "doubtful");
  EXPECT_EQ(digest.sites[3].verdict, "clean error");
  EXPECT_EQ(digest.sites[4].verdict, "not reached") << "transient it was tolerated";
  EXPECT_EQ(digest.sites[5].verdict, "tolerated");
  EXPECT_EQ(digest.sites[11].verdict, "not visited");
  EXPECT_THAT(digest.findings[0].sites, ElementsAre(0u));
}

TEST_F(SweepDigestTest, SaysWhatFailedAndHow) {
  const SweepDigest digest = MakeDigest(store_, baseline_);
  EXPECT_EQ(digest.findings[0].injected, "libc/memory/calloc in function0_0 < function0_1");
  EXPECT_EQ(digest.findings[0].mode_text, "failed once");
  const auto stacks = StacksOf(digest.findings[0], digest);
  ASSERT_THAT(stacks, SizeIs(3));
  EXPECT_EQ(stacks[0].first, "The call that failed");
  EXPECT_EQ(stacks[2].first, "Thread that died");
  EXPECT_THAT(stacks[2].second, HasSubstr("died_0"));
}

TEST(SweepDigestOfNothing, IsNoneWithoutFindings) {
  SweepDigest digest;
  EXPECT_EQ(digest.Verdict(), "nothing was visited");
  digest.runs = 1;
  EXPECT_EQ(digest.Verdict(), "no findings");
}

}  // namespace
}  // namespace faultline
