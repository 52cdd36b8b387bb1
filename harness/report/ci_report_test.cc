#include "harness/report/ci_report.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "harness/report/testing/reported_run.h"
#include "harness/report/testing/reported_sweep.h"

namespace faultline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testkit::ReportedRun;

class CiSweepTest : public testing::Test {
 protected:
  CiSweepTest() : store_(file_.path(), Store::Mode::kCreate) { testkit::FillStore(store_, 12); }

  CiReport Report() {
    const SweepDigest digest = MakeDigest(store_, baseline_);
    return CiReportOf(digest, context_);
  }

  static size_t Count(const CiReport& report, CiCase::Result result) {
    size_t count = 0;
    for (const CiSuite& suite : report.suites) {
      count += static_cast<size_t>(
          std::count_if(suite.cases.begin(), suite.cases.end(),
                        [&](const CiCase& one) { return one.result == result; }));
    }
    return count;
  }

  testkit::StoreFile file_;
  Store store_;
  Baseline baseline_;
  CiSweepContext context_{.store_file = "s.db",
                          .errors = {},
                          .notes = {},
                          .fault_free_findings = {},
                          .not_visited = {"000000000000000b"}};
};

TEST_F(CiSweepTest, AFindingIsOneFailureHoweverManyPlacesShowIt) {
  const CiReport report = Report();
  EXPECT_FALSE(report.passed());
  ASSERT_THAT(report.findings, SizeIs(2));
  EXPECT_EQ(Count(report, CiCase::Result::kFailed), 1u);
  const CiCase& failed = report.suites[0].cases[0];
  EXPECT_EQ(failed.result, CiCase::Result::kFailed);
  EXPECT_THAT(failed.group, HasSubstr(".crash"));
  EXPECT_THAT(failed.body,
              AllOf(HasSubstr("came again"), HasSubstr("died_0"), HasSubstr("injected: "),
                    HasSubstr("it said: <script>"), HasSubstr("faultline replay s.db ")))
      << "all that matters";
}

TEST_F(CiSweepTest, WhatIsNotBelievedOrWasNotSeenIsSkipped) {
  const CiReport report = Report();
  EXPECT_EQ(report.suites[0].cases[1].result, CiCase::Result::kSkipped) << "not tried";
  EXPECT_EQ(report.suites[0].cases[1].type, "not tried");
  EXPECT_EQ(report.suites[1].cases.back().type, "not visited");
  EXPECT_EQ(report.suites[1].cases.back().result, CiCase::Result::kSkipped);
  EXPECT_EQ(report.suites[1].cases.size(), 10u) << "12 places less the two that show findings";
}

TEST_F(CiSweepTest, WhatTheSelectionLeavesOutIsNoCase) {
  context_.not_visited.clear();
  const CiReport report = Report();
  EXPECT_EQ(report.suites[1].cases.size(), 9u);
  EXPECT_EQ(Count(report, CiCase::Result::kSkipped), 1u) << "the finding that was not tried again";
}

TEST_F(CiSweepTest, NamesAreUniqueInTheirGroup) {
  const CiReport report = Report();
  std::set<std::pair<std::string, std::string>> names;
  for (const CiSuite& suite : report.suites) {
    for (const CiCase& one : suite.cases) {
      EXPECT_TRUE(names.insert({one.group, one.name}).second) << one.group << " " << one.name;
    }
  }
}

TEST_F(CiSweepTest, AKnownFindingFailsNothing) {
  BaselineEntry entry;
  entry.signature = "crash: SIGSEGV @ died_0";
  entry.note = "fixed next week";
  baseline_.entries.push_back(entry);
  const CiReport report = Report();
  EXPECT_TRUE(report.passed());
  EXPECT_EQ(report.suites[0].cases.back().message, "known: fixed next week");
}

TEST_F(CiSweepTest, WhatTheHarnessCouldNotDoIsAnErrorAndNoPass) {
  store_.SetConfirmation({"crash: SIGSEGV @ died_0", 3, 0, "", ""});
  ASSERT_TRUE(Report().passed());
  context_.errors = {{"no verdict", "transient x#1: no memory"}};
  const CiReport report = Report();
  EXPECT_FALSE(report.passed());
  EXPECT_EQ(Count(report, CiCase::Result::kError), 1u);
}

TEST_F(CiSweepTest, AFaultFreeRunThatFailsIsAFailure) {
  store_.SetConfirmation({"crash: SIGSEGV @ died_0", 3, 0, "", ""});
  Finding finding;
  finding.kind = "hang";
  finding.title = "never ready";
  context_.fault_free_findings = {finding};
  const CiReport report = Report();
  EXPECT_FALSE(report.passed());
  EXPECT_EQ(report.suites[0].cases[0].name, "without any fault: never ready");
}

TEST(CiRun, AScenarioIsOneCaseWithAllItsFindings) {
  const ReportedRun run;
  const CiReport report = CiReportOf(run.report(), "1.0");
  ASSERT_THAT(report.suites, SizeIs(1));
  ASSERT_THAT(report.suites[0].cases, SizeIs(1));
  const CiCase& one = report.suites[0].cases[0];
  EXPECT_EQ(one.result, CiCase::Result::kFailed);
  EXPECT_EQ(one.name, "founding-case");
  EXPECT_THAT(one.message, HasSubstr("io-device-missing: io_device `iobuf'"));
  EXPECT_THAT(one.body, AllOf(HasSubstr("dpdk/ring/create in spdk_iobuf_initialize < main"),
                              HasSubstr("cannot create ring \\x1b[2J"),
                              HasSubstr("faultline run founding-case.yaml")));
  EXPECT_THAT(one.body, Not(HasSubstr("\x1b")));
}

TEST(CiRun, ACleanRunPassesAndAKnownFindingDoesToo) {
  ReportedRun run;
  run.findings[0].known = true;
  EXPECT_TRUE(CiReportOf(run.report(), "1.0").passed());
  run.MakeClean();
  const CiReport clean = CiReportOf(run.report(), "1.0");
  EXPECT_TRUE(clean.passed());
  EXPECT_THAT(clean.suites[0].cases[0].body, IsEmpty());
}

TEST(CiRun, AKnownFindingThatDidNotComeFails) {
  ReportedRun run;
  run.MakeClean();
  run.not_seen.emplace_back().kind = "leak";
  const CiReport report = CiReportOf(run.report(), "1.0");
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.suites[0].cases[0].message, HasSubstr("was not observed: leak"));
}

TEST(CiReports, OfSeveralScenariosKeepTheirFindingsApart) {
  const ReportedRun run;
  CiReport all = CiReportOf(run.report(), "1.0");
  Add(CiReportOf(run.report(), "1.0"), all);
  Add(CiReportOfUnjudged("other", CiCase::Result::kSkipped, "no program", "1.0"), all);
  EXPECT_THAT(all.suites, SizeIs(3));
  EXPECT_THAT(all.findings, SizeIs(2));
  EXPECT_EQ(all.causes[1], std::vector<size_t>{1});
}

TEST(CiReports, AnUnfinishedOneIsNoPass) {
  const CiReport report = UnfinishedCiReport("sweep of x", "1.0");
  EXPECT_FALSE(report.passed());
  EXPECT_EQ(report.suites[0].cases[0].result, CiCase::Result::kError);
}

TEST(PlaceToShow, IsTheFirstFrameWithALineUnlessTheSourceTreeHasAnother) {
  CiFinding finding;
  finding.stacks = {{"Where it crashed",
                     {{"abort", "", 0, "libc.so.6", 1},
                      {"rte_panic", "/build/dpdk/eal.c", 9, "libeal.so", 2},
                      {"StackLines", "/elsewhere/harness/report/stack_text.cc", 12, "tgt", 3}}}};
  ASSERT_NE(PlaceToShow(finding, ""), nullptr);
  EXPECT_EQ(PlaceToShow(finding, "")->function, "rte_panic");
  EXPECT_EQ(PlaceToShow(finding, FAULTLINE_SOURCE_DIR)->function, "StackLines");
  finding.stacks[0].second.resize(1);
  EXPECT_EQ(PlaceToShow(finding, ""), nullptr);
}

}  // namespace
}  // namespace faultline
