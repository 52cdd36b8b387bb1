#include "harness/report/report_files.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include "harness/base/files.h"
#include "harness/report/testing/reported_run.h"
#include "harness/store/testing/store_values.h"

namespace faultline {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ReportFilesTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const {
    return (std::filesystem::path(file_.path()).parent_path() / name).string();
  }
  std::string Text(const std::string& name) const { return ReadFile(Path(name)).value_or("?"); }

  static ReportContent Content(const testkit::ReportedRun& run) {
    return {CiReportOf(run.report(), "1.0"), [] { return std::string("<html>"); },
            [] {
              return nlohmann::json{{"state", "finished"}};
            }};
  }
  static std::string Problem(const std::string& text) {
    try {
      ReportFiles({text}, "run", "1.0");
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), ExitCode::kBadInput);
      return failure.what();
    }
    return "";
  }

  testkit::StoreFile file_;  // in a directory of its own
};

TEST_F(ReportFilesTest, SayThatTheyAreUnfinishedUntilTheyAreClosed) {
  ReportFiles files(
      {"junit=" + Path("a.xml") + ",sarif=" + Path("b.sarif"),
       "json=" + Path("c.json") + ",markdown=" + Path("d.md") + ",html=" + Path("e.html")},
      "run", "1.0");
  EXPECT_EQ(Text("a.xml"), "?") << "not before the work begins";
  files.Begin("run of x", {{"state", "unfinished"}});
  EXPECT_THAT(Text("a.xml"), AllOf(HasSubstr("<error type=\"harness\""), HasSubstr("unfinished")));
  EXPECT_THAT(Text("b.sarif"), HasSubstr("\"executionSuccessful\": false"));
  EXPECT_THAT(Text("c.json"), HasSubstr("unfinished"));
  EXPECT_THAT(Text("d.md"), HasSubstr("unfinished"));
  EXPECT_THAT(Text("e.html"), HasSubstr("never closed"));

  files.Finish(Content(testkit::ReportedRun()));
  EXPECT_THAT(Text("a.xml"), AllOf(HasSubstr("<failure type=\"io-device-missing\""),
                                   Not(HasSubstr("unfinished"))));
  EXPECT_THAT(Text("c.json"), HasSubstr("\"finished\""));
  EXPECT_EQ(Text("e.html"), "<html>");
}

TEST_F(ReportFilesTest, WorkThatFailsIsAnErrorWithItsReason) {
  ReportFiles files({"junit=" + Path("a.xml")}, "run", "1.0");
  EXPECT_THROW(files.Guard([&]() -> int {
    files.Begin("run of x", {});
    throw Failure::CannotWork("no memory");
  }),
               Failure);
  EXPECT_THAT(Text("a.xml"), AllOf(HasSubstr("<error "), HasSubstr("no memory")));
}

TEST_F(ReportFilesTest, BadInputMakesNoFileButLeavesNoOldOneForToday) {
  WriteFileAtomically(Path("old.xml"), "<testsuites/>");
  ReportFiles files({"junit=" + Path("a.xml"), "json=" + Path("b.json")}, "run", "1.0");
  ReportFiles with_old({"junit=" + Path("old.xml")}, "run", "1.0");
  for (ReportFiles* each : {&files, &with_old}) {
    EXPECT_THROW(each->Guard([]() -> int { throw Failure::BadInput("x.yaml:1:1: no"); }), Failure);
  }
  EXPECT_EQ(Text("a.xml"), "?");
  EXPECT_THAT(Text("old.xml"), HasSubstr("x.yaml:1:1: no"));
}

TEST_F(ReportFilesTest, WhatWasReportedIsNotTakenBack) {
  ReportFiles files({"junit=" + Path("a.xml")}, "run", "1.0");
  EXPECT_THROW(files.Guard([&]() -> int {
    files.Finish(Content(testkit::ReportedRun()));
    throw Failure::CannotWork("interrupted");
  }),
               Failure);
  EXPECT_THAT(Text("a.xml"), HasSubstr("io-device-missing"));
}

TEST_F(ReportFilesTest, TheSummaryOfAJobKeepsWhatOtherStepsWrote) {
  WriteFileAtomically(Path("summary.md"), "# Build");
  ::setenv("GITHUB_STEP_SUMMARY", Path("summary.md").c_str(), 1);
  ReportFiles files({"markdown=" + Path("summary.md")}, "run", "1.0");
  ::unsetenv("GITHUB_STEP_SUMMARY");
  files.Begin("run of x", {});
  EXPECT_THAT(Text("summary.md"), AllOf(StartsWith("# Build\n## Faultline"), HasSubstr("⏳")));
  files.Finish(Content(testkit::ReportedRun()));
  EXPECT_THAT(Text("summary.md"),
              AllOf(StartsWith("# Build\n## Faultline"), Not(HasSubstr("unfinished"))));
}

TEST_F(ReportFilesTest, ACommaInAFilesNameIsNoEnd) {
  ReportFiles files({"json=" + Path("a,b.json") + ",html=" + Path("c.html")}, "run", "1.0");
  files.Finish(Content(testkit::ReportedRun()));
  EXPECT_THAT(Text("a,b.json"), HasSubstr("finished"));
  EXPECT_EQ(Text("c.html"), "<html>");
}

TEST_F(ReportFilesTest, MalformedOnesAreRefusedWithAWord) {
  EXPECT_THAT(Problem("junti=a.xml"), HasSubstr("did you mean `junit`"));
  EXPECT_THAT(Problem("junit"), HasSubstr("expected junit=FILE"));
  EXPECT_THAT(Problem("junit="), HasSubstr("expected junit=FILE"));
  EXPECT_THAT(Problem(""), HasSubstr("unknown format"));
  EXPECT_THAT(Problem("html=a,json=a"), HasSubstr("two reports go to a"));
  EXPECT_THAT(Problem("html=a,json=./a"), HasSubstr("two reports go to"));
  EXPECT_THAT(Problem("html=-,json=-"), HasSubstr("standard output"));
  EXPECT_THAT(Problem("html=/nosuchdir/a"), HasSubstr("there is no directory /nosuchdir"));
  EXPECT_THAT(Problem("html=" + Path("")), HasSubstr("expected a file"));
}

TEST_F(ReportFilesTest, AnnotationsLeaveStandardOutputToTheResult) {
  EXPECT_FALSE(ReportFiles({"github=-"}, "run", "1.0").takes_stdout());
  EXPECT_TRUE(ReportFiles({"json=-"}, "run", "1.0").takes_stdout());
}

}  // namespace
}  // namespace faultline
