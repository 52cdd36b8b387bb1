// `faultline run --baseline`: what is known does not fail, what is new does, what is gone is told.
#include <gmock/gmock.h>

#include "tools/testing/cli_fixture.h"

namespace faultline {
namespace {

using testing::HasSubstr;

class BaselineTest : public CliTest {
 protected:
  Result RunDefect(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"run", Scenario("reference/founding-case-injected.yaml"),
                                          "--set", "defect=unregister-missing"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }
  // A baseline of the signatures that the last report has, and `more`.
  std::string BaselineOfReport(const std::string& more) {
    std::string text = "faultline: 1\nfindings:\n";
    const nlohmann::json report = Report();
    for (const auto& finding : report.at("findings")) {
      text += "  - {kind: " + finding.at("kind").get<std::string>() +
              ", note: issue 3242, signature: " + finding.at("signature").dump() + "}\n";
    }
    return Write("baseline.yaml", text + more);
  }
};

TEST_F(BaselineTest, KnownFindingsDoNotFailARun) {
  ASSERT_EQ(RunDefect({"--json", ReportPath()}).exit, 1);
  const Result result = RunDefect({"--baseline", BaselineOfReport("")});
  EXPECT_EQ(result.exit, 0);
  EXPECT_THAT(result.output, HasSubstr("note: issue 3242"));
}

TEST_F(BaselineTest, WhatIsGoneIsToldAndWhatIsNewFails) {
  const std::string baseline =
      Write("baseline.yaml", "faultline: 1\nfindings:\n  - {kind: hang, signature: \"hang: x\"}\n");
  const Result result = RunDefect({"--baseline", baseline, "--json", ReportPath()});
  EXPECT_EQ(result.exit, 1);
  EXPECT_THAT(result.output, HasSubstr("fixed, or not reached by this run: hang: x"));
  EXPECT_EQ(Report().at("fixed").at(0).at("signature"), "hang: x");
}

TEST_F(BaselineTest, ABaselineThatIsNoneIsRefusedBeforeAnythingRuns) {
  const Result result = RunDefect({"--baseline", Write("baseline.yaml", "faultline: 1\n")});
  EXPECT_EQ(result.exit, 2);
  EXPECT_THAT(result.output, HasSubstr("baseline.yaml:1:1"));
}

}  // namespace
}  // namespace faultline
