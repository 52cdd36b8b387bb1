// The founding case in every build of the reference target, natural and injected.
#include <gmock/gmock.h>

#include "tools/testing/cli_fixture.h"

namespace faultline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct FoundingCase {
  std::string scenario;
  std::string build;

  friend void PrintTo(const FoundingCase& test_case, std::ostream* out) {
    *out << test_case.scenario << " in the " << test_case.build << " build";
  }
};

class FoundingCaseTest : public CliTest, public testing::WithParamInterface<FoundingCase> {};

TEST_P(FoundingCaseTest, PassesOnTheCleanTarget) {
  const Result result = Run({"run", Scenario(GetParam().scenario), "--set",
                             "build=" + GetParam().build, "--json", ReportPath()});
  EXPECT_EQ(result.exit, 0) << result.output;
  EXPECT_THAT(Kinds(Report()), IsEmpty());
  EXPECT_EQ(Report().at("state"), "finished");
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

TEST_P(FoundingCaseTest, FindsTheMissingDeviceAndNothingElseInTheDefectiveOne) {
  const Result result =
      Run({"run", Scenario(GetParam().scenario), "--set", "build=" + GetParam().build, "--set",
           "defect=unregister-missing", "--json", ReportPath()});
  EXPECT_EQ(result.exit, 1) << result.output;
  EXPECT_THAT(Kinds(Report()), ElementsAre("io-device-missing"));
  EXPECT_THAT(LeftBehind(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Reference, FoundingCaseTest,
    testing::Values(FoundingCase{"reference/founding-case.yaml", "debug"},
                    FoundingCase{"reference/founding-case.yaml", "release"},
                    FoundingCase{"reference/founding-case.yaml", "shared"},
                    FoundingCase{"reference/founding-case-injected.yaml", "debug"},
                    FoundingCase{"reference/founding-case-injected.yaml", "release"},
                    FoundingCase{"reference/founding-case-injected.yaml", "shared"}),
    [](const auto& param) {
      const bool injected = param.param.scenario.find("injected") != std::string::npos;
      return std::string(injected ? "Injected_" : "Natural_") + param.param.build;
    });

}  // namespace
}  // namespace faultline
