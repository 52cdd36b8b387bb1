#include "harness/report/sarif.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

CiFinding ASarifFinding() {
  CiFinding finding;
  finding.id = "0123abcd";
  finding.kind = "io-device-missing";
  finding.title = "iobuf is not registered";
  finding.signature = "io-device-missing: iobuf";
  finding.point = "dpdk/ring/create";
  finding.status = "confirmed";
  finding.fails = true;
  finding.injected = "dpdk/ring/create in f failed once";
  finding.expected = "use only what is registered";
  finding.stacks = {{"Where it crashed",
                     {{"abort", "", 0, "libc.so.6", 1},
                      {"finish", "/build/a b/lib/iobuf.c", 97, "spdk_tgt", 2}}}};
  return finding;
}

nlohmann::json SarifRun(const CiReport& report, const std::string& source = "") {
  return SarifLog(report, source)["runs"][0];
}

TEST(SarifLog, ARuleIsAKindAndAPointAndIsThereOnce) {
  CiReport report;
  report.findings = {ASarifFinding(), ASarifFinding()};
  const nlohmann::json run = SarifRun(report);
  ASSERT_THAT(run["tool"]["driver"]["rules"], SizeIs(1));
  EXPECT_EQ(run["tool"]["driver"]["rules"][0]["id"], "io-device-missing/dpdk/ring/create");
  EXPECT_EQ(run["tool"]["driver"]["rules"][0]["name"], "IoDeviceMissing");
  EXPECT_EQ(run["results"][1]["ruleIndex"], 0);
}

TEST(SarifLog, AResultIsKnownByItsFindingAndShowsItsLine) {
  CiReport report;
  report.findings = {ASarifFinding()};
  const nlohmann::json result = SarifRun(report)["results"][0];
  EXPECT_EQ(result["level"], "error");
  EXPECT_EQ(result["fingerprints"]["faultline/v1"], "0123abcd");
  const nlohmann::json& place = result["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "file:///build/a%20b/lib/iobuf.c");
  EXPECT_EQ(place["region"]["startLine"], 97);
  EXPECT_THAT(result["stacks"][0]["frames"], SizeIs(2));
  EXPECT_THAT(result["message"]["text"].get<std::string>(),
              StartsWith("iobuf is not registered (dpdk/ring/create in f failed once). The target "
                         "should use only what is registered."));
}

TEST(SarifLog, AFileBelowTheSourceTreeIsRelativeToIt) {
  CiReport report;
  report.findings = {ASarifFinding()};
  report.findings[0].stacks[0].second[1].file = "/build/x/harness/report/sarif.h";
  const nlohmann::json run = SarifRun(report, FAULTLINE_SOURCE_DIR);
  const nlohmann::json& file =
      run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
  EXPECT_EQ(file["uri"], "harness/report/sarif.h");
  EXPECT_EQ(file["uriBaseId"], "SRCROOT");
  EXPECT_THAT(run["originalUriBaseIds"]["SRCROOT"]["uri"].get<std::string>(),
              StartsWith("file:///"));
}

TEST(SarifLog, WithoutALineAResultIsAtItsFunctionAndWithoutThatAtItsPoint) {
  CiReport report;
  report.findings = {ASarifFinding()};
  report.findings[0].stacks[0].second.resize(1);
  EXPECT_EQ(
      SarifRun(report)["results"][0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
      "abort");
  report.findings[0].stacks.clear();
  EXPECT_EQ(
      SarifRun(report)["results"][0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
      "dpdk/ring/create");
}

TEST(SarifLog, AKnownFindingIsSuppressedAndADoubtfulOneIsANote) {
  CiReport report;
  report.findings = {ASarifFinding(), ASarifFinding()};
  report.findings[0].fails = false;
  report.findings[0].known = true;
  report.findings[0].note = "next week";
  report.findings[1].fails = false;
  report.findings[1].status = "assumed";
  const nlohmann::json run = SarifRun(report);
  EXPECT_EQ(run["results"][0]["baselineState"], "unchanged");
  EXPECT_EQ(run["results"][0]["suppressions"][0]["justification"], "next week");
  EXPECT_EQ(run["results"][1]["level"], "note");
}

TEST(SarifLog, AnUnfinishedReportIsABrokenInvocation) {
  const nlohmann::json run = SarifRun(UnfinishedCiReport("sweep", "1.0"));
  EXPECT_EQ(run["invocations"][0]["executionSuccessful"], false);
  const nlohmann::json& said = run["invocations"][0]["toolExecutionNotifications"][0];
  EXPECT_EQ(said["level"], "error");
  EXPECT_THAT(said["message"]["text"].get<std::string>(), HasSubstr("never closed"));
}

}  // namespace
}  // namespace faultline
