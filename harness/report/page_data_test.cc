#include "harness/report/page_data.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "harness/base/files.h"
#include "harness/report/page_html.h"
#include "harness/report/testing/reported_sweep.h"

namespace faultline {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class PageDataTest : public testing::Test {
 protected:
  PageDataTest() {
    options_.store_file = "s.db";
    options_.steps = {"wait until ready", "rpc start"};
  }

  json Make(int sites) {
    Store store(file_.path(), Store::Mode::kCreate);
    testkit::FillStore(store, sites);
    return PageData(MakeDigest(store, {}), options_);
  }

  testkit::StoreFile file_;
  PageOptions options_;
};

TEST_F(PageDataTest, TablesHoldEachFrameAndTextOnce) {
  const json page = Make(200);
  const auto names = page["strings"].get<std::vector<std::string>>();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  const json& site = page["sites"][5];
  const json& frame = page["frames"][site[2][0].get<size_t>()];
  EXPECT_EQ(page["strings"][frame[0].get<size_t>()], "function1_0");
  EXPECT_EQ(frame[2], 10);
}

TEST_F(PageDataTest, MarksTheInjectedCallAmongTheLinesByTheirTimes) {
  const json finding = Make(4)["findings"][0];
  EXPECT_EQ(finding["log"].size(), 3u);
  EXPECT_EQ(finding["injected_before"], 2) << "5 ms, then the call at 6 ms, then 9 ms";
}

TEST_F(PageDataTest, ACallFailedInTheStepOfTheInjectionAndNotInThatOfTheFinding) {
  EXPECT_EQ(Make(4)["findings"][0]["step_text"], "step 2 (rpc start)") << "it was found in step 1";
}

TEST_F(PageDataTest, APlaceInsideAVisitedOneIsNotCalledUnvisited) {
  Store store(file_.path(), Store::Mode::kCreate);
  testkit::FillStore(store, 4);
  SweepDigest digest = MakeDigest(store, {});
  const auto verdict = [&] {
    const json page = PageData(digest, options_);
    return page["verdicts"][page["sites"][3][5].get<size_t>()].get<std::string>();
  };
  const auto visited = [&] { return PageData(digest, options_)["figures"][2][1]; };
  EXPECT_EQ(verdict(), "not visited");
  EXPECT_EQ(visited(), "3 of 4");
  digest.sites[3].site.nested_in = digest.sites[2].site.hash;
  EXPECT_EQ(verdict(), "inside");
  EXPECT_EQ(visited(), "3");
  digest.sites[2].plans = 0;  // tempting: it is a part of something
  EXPECT_EQ(verdict(), "not visited");
  EXPECT_EQ(visited(), "2 of 3") << "a sweep need not visit it";
  digest.sites[2].site.nested_in = digest.sites[3].site.hash;  // no store says so
  EXPECT_EQ(verdict(), "not visited");
}

TEST_F(PageDataTest, AFrameWithoutANameHasItsOffset) {
  Store store(file_.path(), Store::Mode::kCreate);
  testkit::FillStore(store, 4);
  SweepDigest digest = MakeDigest(store, {});
  digest.sites[0].site.stack = R"([["","",0,"librte_eal.so.23",4660],["main","a.c",5,"t",77]])";
  const json page = PageData(digest, options_);
  EXPECT_EQ(page["frames"][page["sites"][0][2][0].get<size_t>()].back(), 4660);
  EXPECT_EQ(page["frames"][page["sites"][0][2][1].get<size_t>()].size(), 4u);
}

TEST_F(PageDataTest, AFindingSaysWhatToFixAndWhereToLook) {
  Store store(file_.path(), Store::Mode::kCreate);
  testkit::FillStore(store, 4);
  SweepDigest digest = MakeDigest(store, {});
  digest.findings[0].group.cause = "f forgets g";
  json page = PageData(digest, options_);
  EXPECT_EQ(page["findings"][0]["to_fix"], "f forgets g");
  const auto blamed = page["findings"][0]["blamed"].get<size_t>();
  EXPECT_EQ(page["strings"][page["frames"][blamed][0].get<size_t>()], "blamed_0");
  digest.findings[0].finding.stack = R"([["","",0,"librte_eal.so.23",4660]])";
  EXPECT_EQ(PageData(digest, options_)["findings"][0]["blamed"], -1) << "there is nothing to see";
}

TEST_F(PageDataTest, StepsWithoutATitleHaveTheirNumber) {
  const json page = Make(4);
  EXPECT_EQ(page["steps"], json({"before the first step", "step 1 (wait until ready)",
                                 "step 2 (rpc start)", "step 3"}));
}

// A store that somebody sent.
TEST_F(PageDataTest, WithoutTheScenarioTheStepsHaveTheTitlesThatRunsKept) {
  Store store(file_.path(), Store::Mode::kCreate);
  testkit::FillStore(store, 4);
  SweepDigest digest = MakeDigest(store, {});
  json evidence = json::parse(digest.findings[1].run.evidence);
  evidence["step_titles"] = {"wait", "rpc stop"};
  digest.findings[1].run.evidence = evidence.dump();
  options_.steps.clear();
  EXPECT_EQ(PageData(digest, options_)["steps"],
            json({"before the first step", "step 1 (wait)", "step 2 (rpc stop)", "step 3"}));
}

TEST_F(PageDataTest, OfASuiteTheScenariosSayWhetherItPassed) {
  SweepDigest digest;
  PageOptions options;
  options.verdict = "1 passed, 1 failed";
  options.scenarios = {{.name = "a",
                        .file = "a.yaml",
                        .result = "passed",
                        .why = "",
                        .duration_ms = 7,
                        .command = "faultline run a.yaml",
                        .findings = {}}};
  EXPECT_TRUE(PageData(digest, options)["passed"]);
  options.scenarios.push_back({.name = "b",
                               .file = "b.yaml",
                               .result = "error",
                               .why = "no file",
                               .duration_ms = 0,
                               .command = "",
                               .findings = {}});
  const json page = PageData(digest, options);
  EXPECT_FALSE(page["passed"]) << "nobody could judge one of them";
  EXPECT_EQ(page["verdict"], "1 passed, 1 failed");
  EXPECT_EQ(page["scenarios"][0]["duration_ms"], 7);
  EXPECT_EQ(page["scenarios"][1]["why"], "no file");
}

TEST_F(PageDataTest, ThePageHoldsNoMarkupOfTheTarget) {
  const std::string page = PageHtml(Make(4));
  EXPECT_THAT(page, Not(HasSubstr("<script>document.title='owned'")));
  EXPECT_THAT(page, Not(HasSubstr("<img src=x")));
  EXPECT_THAT(page, Not(HasSubstr("@FAULTLINE_DATA@")));
  const size_t begin = page.find("id=\"data\">") + 10;
  const json back = json::parse(page.substr(begin, page.find("</script>", begin) - begin));
  EXPECT_EQ(back["findings"][0]["log"][1][1], "<script>document.title='owned'</script><b>bold</b>");
}

// Chromium opens the page, clicks, searches, zooms; see the script for all that it looks at. Needs
// what ci/packages names.
TEST_F(PageDataTest, WorksInABrowserWithTenThousandSites) {
  const testkit::TemporaryDirectory dir;
  const std::filesystem::path file = dir.path() / "report.html";
  WriteFileAtomically(file, PageHtml(Make(10'000)));
  const std::string command = "/usr/bin/python3 " FAULTLINE_SOURCE_DIR
                              "/tools/page/page_check.py " +
                              file.string() + " --most-load-ms 2000 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace faultline
