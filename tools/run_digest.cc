#include "tools/run_digest.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "harness/base/files.h"
#include "harness/oracle/ends_by_design.h"
#include "harness/report/json.h"
#include "harness/report/page_data.h"
#include "harness/report/page_html.h"
#include "harness/sweep/evidence_json.h"
#include "harness/sweep/site_list.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

constexpr size_t kPlaceFunctions = 3;

void AddSites(const RunReport& report, SweepDigest& digest) {
  std::map<uint64_t, size_t> indexes;
  for (const Injection& injection : report.evidence.injections) {
    const auto [entry, is_new] = indexes.try_emplace(injection.site, digest.sites.size());
    if (is_new) {
      DigestSite& added = digest.sites.emplace_back();
      added.site.hash = SiteHashText(injection.site);
      added.site.point = injection.point;
      added.site.place = PlaceOf(injection.stack);
      added.site.stack = CompactText(StackToJson(injection.stack));
      added.site.step = injection.step;
      added.plans = 1;
      const Verdict verdict = VerdictOf(report);
      added.verdict = verdict == Verdict::kPass         ? "tolerated"
                      : verdict == Verdict::kCleanError ? "clean error"
                      : verdict == Verdict::kSlow       ? "slow"
                                                        : "finding";
    }
    ++digest.sites[entry->second].site.calls;
  }
}

void AddFinding(const RunReport& report, const Finding& finding, SweepDigest& digest) {
  const Evidence& evidence = report.evidence;
  const size_t index = digest.findings.size();
  DigestFinding& added = digest.findings.emplace_back();
  added.group.id = FindingId(finding.signature);
  added.group.signature = finding.signature;
  added.group.kind = finding.kind;
  added.group.title = finding.title;
  added.group.cause = finding.cause;
  added.group.runs = added.group.seen = 1;
  added.group.sites = static_cast<int64_t>(digest.sites.size());
  added.group.scenario = ReadFile(evidence.scenario_file).value_or("");
  added.status = finding.known ? "known" : "seen";
  added.why = finding.known ? finding.note : "in one run";
  added.fails = !finding.known && finding.kind != kEndsByDesign;
  added.run.exit = evidence.exit.ToString();
  added.run.evidence = CompactText(EvidenceToJson(evidence, /*in_full=*/true));
  added.finding.details = CompactText(nlohmann::json(finding.details));
  added.finding.stack = CompactText(StackToJson(finding.stack));
  added.finding.step = finding.step;
  for (size_t site = 0; site < digest.sites.size(); ++site) {
    added.sites.push_back(site);
    digest.sites[site].findings.push_back(index);
  }
  if (!evidence.injections.empty()) {
    const Injection& first = evidence.injections.front();
    added.injected = fmt::format("{} in {}", first.point, PlaceOf(first.stack, kPlaceFunctions));
    added.mode_text = first.action == "fail" ? "failed" : "was reached";
  }
  digest.causes.push_back({finding.cause.empty() ? finding.title : finding.cause, {index}});
}

Finding NotSeen(const KnownFinding& known) {
  Finding finding;
  finding.kind = "expectation";
  finding.title =
      fmt::format("the known finding was not observed: {} {}", known.kind, known.pattern);
  finding.signature = finding.title;
  finding.note = known.note;
  return finding;
}

}  // namespace

std::string_view OwnVersion() { return FAULTLINE_VERSION; }

SweepDigest DigestOf(const RunReport& report, std::string_view version) {
  const Evidence& evidence = report.evidence;
  SweepDigest digest;
  digest.environment.scenario = evidence.scenario;
  digest.environment.scenario_file = evidence.scenario_file;
  digest.environment.program = evidence.program;
  digest.environment.program_key = evidence.build_id;
  digest.environment.version = version;
  digest.runs = 1;
  ++digest.outcomes[std::string(ToString(VerdictOf(report)))];
  AddSites(report, digest);
  for (const Finding& finding : report.findings) {
    AddFinding(report, finding, digest);
  }
  for (const KnownFinding& known : report.not_seen) {
    AddFinding(report, NotSeen(known), digest);
  }
  return digest;
}

void Add(SweepDigest one, SweepDigest& all) {
  const size_t sites = all.sites.size();
  const size_t findings = all.findings.size();
  for (DigestSite& site : one.sites) {
    for (size_t& index : site.findings) {
      index += findings;
    }
    all.sites.push_back(std::move(site));
  }
  for (DigestFinding& finding : one.findings) {
    for (size_t& index : finding.sites) {
      index += sites;
    }
    all.findings.push_back(std::move(finding));
  }
  for (DigestCause& cause : one.causes) {
    for (size_t& index : cause.findings) {
      index += findings;
    }
    const auto same =
        std::find_if(all.causes.begin(), all.causes.end(),
                     [&](const DigestCause& known) { return known.title == cause.title; });
    if (same == all.causes.end()) {
      all.causes.push_back(std::move(cause));
    } else {
      same->findings.insert(same->findings.end(), cause.findings.begin(), cause.findings.end());
    }
  }
  for (const auto& [outcome, count] : one.outcomes) {
    all.outcomes[outcome] += count;
  }
  all.runs += one.runs;
}

std::vector<std::pair<std::string, std::string>> CommandsOf(const RunReport& report) {
  return std::vector<std::pair<std::string, std::string>>(
      report.findings.size() + report.not_seen.size(), {report.replay_command, report.gdb_command});
}

std::string RunPage(const RunReport& report, std::string_view version) {
  PageOptions options;
  options.time = fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(std::time(nullptr)));
  options.commands = CommandsOf(report);
  for (const StepResult& step : report.evidence.steps) {
    options.steps.push_back(step.title);
  }
  return PageHtml(PageData(DigestOf(report, version), options));
}

ReportContent ContentOf(const RunReport& report, std::string_view version) {
  return {CiReportOf(report, version),
          [&report, version = std::string(version)] { return RunPage(report, version); },
          [&report] { return ToJson(report); }};
}

}  // namespace faultline
