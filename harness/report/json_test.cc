#include "harness/report/json.h"

#include <gmock/gmock.h>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/base/testing/temporary_directory.h"
#include "harness/report/testing/reported_run.h"

namespace faultline {
namespace {

using nlohmann::json;
using testkit::ReportedRun;

class JsonReport : public ::testing::Test {
 protected:
  json ReadBack() { return json::parse(ReadFile(path_).value()); }

  testkit::TemporaryDirectory dir_;
  std::filesystem::path path_ = dir_.path() / "report.json";
  ReportedRun run_;
};

TEST_F(JsonReport, SaysUnfinishedUntilTheRunIsTold) {
  JsonReportFile file(path_);
  EXPECT_EQ(ReadBack(), json({{"faultline_report", 1}, {"state", "unfinished"}}));
  file.Finish(run_.report());
  EXPECT_EQ(ReadBack()["state"], "finished");
}

TEST_F(JsonReport, HasTheMembersThatItsSchemaNames) {
  const json report = ToJson(run_.report());
  EXPECT_EQ(report["faultline_report"], 1);
  EXPECT_EQ(report["verdict"], "findings");
  EXPECT_EQ(report["scenario"], "founding-case");
  EXPECT_EQ(report["exit"], json({{"kind", "signaled"}, {"code", SIGABRT}, {"text", "SIGABRT"}}));
  ASSERT_EQ(report["findings"].size(), 1u);
  const json& finding = report["findings"][0];
  EXPECT_EQ(finding["kind"], "io-device-missing");
  EXPECT_EQ(finding["caused_by"], json({"ring-create-3"}));
  EXPECT_EQ(finding["stack"][0]["function"], "spdk_iobuf_initialize");
  EXPECT_EQ(report["injections"][0]["site"], "0000000000000abc");
  EXPECT_EQ(report["rpcs"][0]["outcome"], "error");
  for (const char* member :
       {"state", "scenario_file", "program", "build_id", "argv", "broken_without_faults",
        "not_seen", "times_ms", "steps", "faults_not_reached", "hooks", "agent", "threads",
        "threads_note", "left_behind", "log", "replay_command", "gdb_command", "run_dir"}) {
    EXPECT_TRUE(report.contains(member)) << member;
  }
}

TEST_F(JsonReport, CountsHooksAndNamesTheRefused) {
  run_.evidence.hooks = {{.symbol = "a",
                          .module = "m",
                          .status = HookReport::Status::kInstalled,
                          .reason = "",
                          .calls = 1},
                         {.symbol = "b",
                          .module = "m",
                          .status = HookReport::Status::kPending,
                          .reason = "",
                          .calls = 0},
                         {.symbol = "c",
                          .module = "m",
                          .status = HookReport::Status::kRefused,
                          .reason = "ifunc",
                          .calls = 0}};
  EXPECT_EQ(ToJson(run_.report())["hooks"],
            json({{"installed", 1},
                  {"pending", 1},
                  {"refused", {{{"symbol", "c"}, {"module", "m"}, {"reason", "ifunc"}}}}}));
}

TEST_F(JsonReport, TellsWhereAKnownFindingThatDidNotComeWasWritten) {
  KnownFinding known;
  known.kind = "crash";
  known.position = {std::make_shared<const std::string>("a.yaml"), 3, 5};
  run_.not_seen = {known};
  EXPECT_EQ(ToJson(run_.report())["not_seen"][0]["position"], "a.yaml:3:5");
}

TEST_F(JsonReport, IsValidJsonWhateverTheTargetWrote) {
  run_.evidence.log.push_back({.time_ms = 1, .step = 1, .text = "\xff\xfe \x01"});
  JsonReportFile(path_).Finish(run_.report());
  EXPECT_EQ(ReadBack()["log"].back()["text"], "\xef\xbf\xbd\xef\xbf\xbd \x01");
}

TEST_F(JsonReport, SaysAtOnceThatItCannotBeWritten) {
  std::filesystem::create_directory(path_);
  EXPECT_THROW(JsonReportFile{path_}, Failure);
}

}  // namespace
}  // namespace faultline
