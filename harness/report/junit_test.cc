#include "harness/report/junit.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

CiReport ReportWith(CiCase one) {
  CiReport report;
  report.time = "2026-01-02T03:04:05";
  report.suites = {{"s", {{"program", "/bin/x & y"}}, {std::move(one)}}};
  return report;
}

CiCase ACase(CiCase::Result result) {
  return {"scenario.leak", "pool is left", result, "leak", "leak: pool is left", "body\n", 1234};
}

TEST(JunitXml, CountsWhatItHolds) {
  CiReport report = ReportWith(ACase(CiCase::Result::kFailed));
  report.suites[0].cases.push_back(ACase(CiCase::Result::kError));
  report.suites[0].cases.push_back(ACase(CiCase::Result::kSkipped));
  report.suites[0].cases.push_back(ACase(CiCase::Result::kPassed));
  const std::string xml = JunitXml(report);
  EXPECT_THAT(xml, HasSubstr(R"(tests="4" failures="1" errors="1" skipped="1" time="4.936")"));
  EXPECT_THAT(xml, HasSubstr(R"(<failure type="leak" message="leak: pool is left">body)"));
  EXPECT_THAT(xml, HasSubstr(R"(<error type="leak")"));
  EXPECT_THAT(xml, HasSubstr(R"(<skipped message="leak: pool is left">body)"));
  EXPECT_THAT(xml, HasSubstr(R"(name="pool is left" time="1.234"/>)"))
      << "what passed says no more";
}

TEST(JunitXml, WhateverTheTargetSaidIsText) {
  CiCase one = ACase(CiCase::Result::kFailed);
  one.name = "a<b \"c\"\n  d";
  one.message = "]]><failure/>";
  one.body = "\x1b[2J<script>&amp;\nsecond\x01 \xff \xef\xbf\xbf line\n";
  const std::string xml = JunitXml(ReportWith(one));
  EXPECT_THAT(xml, AllOf(HasSubstr("a&lt;b &quot;c&quot; d"), HasSubstr("]]&gt;&lt;failure/&gt;"),
                         HasSubstr("\\x1b[2J&lt;script&gt;&amp;amp;\nsecond\\x01 \\xff ? line\n"),
                         HasSubstr("/bin/x &amp; y")));
  EXPECT_THAT(xml, Not(HasSubstr("\x01")));
}

TEST(JunitXml, NotesAreToldOnce) {
  CiReport report = ReportWith(ACase(CiCase::Result::kPassed));
  report.suites.push_back(report.suites[0]);
  report.notes = {"3 plans remain"};
  const std::string xml = JunitXml(report);
  EXPECT_EQ(xml.find("3 plans remain"), xml.rfind("3 plans remain"));
  EXPECT_THAT(xml, HasSubstr("<system-out>3 plans remain\n</system-out>"));
}

}  // namespace
}  // namespace faultline
