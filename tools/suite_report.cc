#include "tools/suite_report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "harness/report/json.h"
#include "harness/report/page_html.h"
#include "tools/run_digest.h"

namespace faultline {
namespace {

constexpr char kTitle[] = "all scenarios";

const char* Word(CiCase::Result result) {
  switch (result) {
    case CiCase::Result::kPassed:
      return "passed";
    case CiCase::Result::kFailed:
      return "failed";
    case CiCase::Result::kError:
      return "error";
    case CiCase::Result::kSkipped:
      break;
  }
  return "skipped";
}

nlohmann::json Document(const char* state) { return {{"faultline_suite", 1}, {"state", state}}; }

}  // namespace

nlohmann::json UnfinishedSuite() { return Document("unfinished"); }

void SuiteReport::AddRun(const RunReport& run) {
  CiReport one = CiReportOf(run, OwnVersion());
  const CiCase& judged = one.suites.front().cases.front();
  PageScenario scenario;
  scenario.name = run.evidence.scenario;
  scenario.file = run.evidence.scenario_file;
  scenario.result = Word(judged.result);
  scenario.why = judged.message;
  scenario.duration_ms = run.evidence.total_ms;
  scenario.command = run.replay_command;
  SweepDigest digest = DigestOf(run, OwnVersion());
  for (size_t i = 0; i < digest.findings.size(); ++i) {
    scenario.findings.push_back(digest_.findings.size() + i);
  }
  const auto commands = CommandsOf(run);
  commands_.insert(commands_.end(), commands.begin(), commands.end());
  scenarios_.push_back(std::move(scenario));
  Add(std::move(digest), digest_);
  Add(std::move(one), ci_);
  json_.push_back(ToJson(run));
}

void SuiteReport::AddUnjudged(const std::string& name, const std::string& file,
                              CiCase::Result result, const std::string& why) {
  Add(CiReportOfUnjudged(name, result, why, OwnVersion()), ci_);
  PageScenario scenario;
  scenario.name = name;
  scenario.file = file;
  scenario.result = Word(result);
  scenario.why = ci_.suites.back().cases.front().message;
  scenario.command = "faultline run " + file;
  scenarios_.push_back(std::move(scenario));
  json_.push_back({{"faultline_report", 1},
                   {"state", result == CiCase::Result::kSkipped ? "skipped" : "error"},
                   {"scenario_file", file},
                   {"error", why}});
}

size_t SuiteReport::Count(const std::string& result) const {
  return static_cast<size_t>(
      std::count_if(scenarios_.begin(), scenarios_.end(),
                    [&](const PageScenario& scenario) { return scenario.result == result; }));
}

std::string SuiteReport::Verdict() const {
  return fmt::format("{} passed, {} failed, {} not judged, {} skipped", Count("passed"),
                     Count("failed"), Count("error"), Count("skipped"));
}

std::string SuiteReport::Page() const {
  SweepDigest digest = digest_;
  digest.environment.scenario = kTitle;
  digest.environment.version = OwnVersion();
  PageOptions options;
  options.time = fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(std::time(nullptr)));
  options.verdict = Verdict();
  options.scenarios = scenarios_;
  options.commands = commands_;
  return PageHtml(PageData(digest, options));
}

ReportContent SuiteReport::Content() {
  ci_.title = "scenarios";
  ci_.version = OwnVersion();
  ci_.time = CiTimeNow();
  ci_.verdict = Verdict();
  return {ci_, [this] { return Page(); },
          [this] {
            nlohmann::json document = Document("finished");
            document["scenarios"] = json_;
            return document;
          }};
}

}  // namespace faultline
