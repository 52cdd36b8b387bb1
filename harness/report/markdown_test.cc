#include "harness/report/markdown.h"

#include <gmock/gmock.h>

#include "harness/report/annotations.h"

namespace faultline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

CiFinding AFinding(const std::string& title = "pool is left") {
  CiFinding finding;
  finding.id = "0123abcd";
  finding.kind = "leak";
  finding.title = title;
  finding.status = "confirmed";
  finding.fails = true;
  finding.places = {"a", "b"};
  finding.injected = "dpdk/ring/create in f failed once";
  finding.stacks = {{"Where it crashed", {{"f", "/x/harness/report/sarif.h", 3, "tgt", 1}}}};
  return finding;
}

CiReport AReport(std::vector<CiFinding> findings) {
  CiReport report;
  report.title = "sweep of x";
  report.verdict = "1 confirmed finding by 1 cause";
  report.figures = {{"runs", "12"}};
  for (size_t i = 0; i < findings.size(); ++i) {
    report.causes.push_back({i});
    report.cause_titles.push_back(findings[i].title);
  }
  report.findings = std::move(findings);
  CiCase failed;
  failed.result = CiCase::Result::kFailed;
  report.suites = {{"s", {}, {failed}}};
  return report;
}

TEST(MarkdownReport, HasTheVerdictAndARowAndAStoryOfEachFinding) {
  EXPECT_THAT(MarkdownReport(AReport({AFinding()})),
              AllOf(StartsWith("## Faultline: sweep of x\n\n❌ **1 confirmed finding by 1 cause**"),
                    HasSubstr("runs: 12"),
                    HasSubstr("| 0123abcd | leak | **confirmed** | 2 | pool is left | "),
                    HasSubstr("<details><summary>0123abcd leak: pool is left</summary>")));
}

TEST(MarkdownReport, WhateverTheTargetSaidIsText) {
  CiFinding finding = AFinding("<img src=x> | **b** @user #12 `c`\nd");
  finding.log = {"````", "</details><script>"};
  const std::string text = MarkdownReport(AReport({finding}));
  EXPECT_THAT(text, AllOf(HasSubstr("&lt;img src=x\\> \\| \\*\\*b\\*\\* &#64;user \\#12 \\`c\\`"),
                          HasSubstr("\n`````text\n")))
      << "a fence longer than any inside";
  EXPECT_THAT(text.substr(0, text.find("<details>")), Not(HasSubstr("**b**")));
}

TEST(MarkdownReport, StaysBelowWhatAPageOfAJobTakes) {
  std::vector<CiFinding> findings(3000, AFinding(std::string(2000, 'x')));
  const std::string text = MarkdownReport(AReport(std::move(findings)));
  EXPECT_LT(text.size(), 1024u * 1024u);
  EXPECT_THAT(text, AllOf(HasSubstr("2800 more findings are not shown"),
                          HasSubstr("The other 2980 findings are in the table alone")));
}

TEST(GithubAnnotations, AreErrorsAtALineOfTheSourceTree) {
  CiReport report = AReport({AFinding("100% left\nin: a, b")});
  const std::string text = GithubAnnotations(report, FAULTLINE_SOURCE_DIR);
  EXPECT_THAT(text,
              StartsWith("::error file=harness/report/sarif.h,line=3,title=leak 0123abcd::leak: "));
  EXPECT_THAT(text, HasSubstr("100%25 left"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << "one line each";
  EXPECT_THAT(GithubAnnotations(report, ""), StartsWith("::error title=leak 0123abcd::"))
      << "GitHub knows no file outside of the tree";
}

TEST(GithubAnnotations, NoMoreThanGithubShowsAndTheRestIsCounted) {
  const std::string text = GithubAnnotations(AReport(std::vector<CiFinding>(13, AFinding())), "");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 11);
  EXPECT_THAT(text, HasSubstr("::notice title=Faultline::3 more findings"));
}

TEST(GithubAnnotations, ADoubtfulFindingIsAWarningAKnownOneNothing) {
  CiFinding doubtful = AFinding();
  doubtful.fails = false;
  doubtful.status = "flaky";
  CiFinding known = doubtful;
  known.known = true;
  EXPECT_EQ(GithubAnnotations(AReport({doubtful, known}), ""),
            "::warning title=leak 0123abcd::pool is left (flaky)\n");
}

TEST(GithubAnnotations, ATargetCannotMakeAWorkflowCommand) {
  CiFinding finding = AFinding("a\n::set-output name=x::y\r::error::z");
  const std::string text = GithubAnnotations(AReport({finding}), "");
  EXPECT_THAT(text, Not(HasSubstr("\n::set-output")));
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

}  // namespace
}  // namespace faultline
