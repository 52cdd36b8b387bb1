#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/oracle/ends_by_design.h"
#include "harness/oracle/run_course.h"
#include "harness/report/ci_report.h"
#include "harness/report/contract.h"
#include "harness/report/stack_name.h"
#include "harness/store/records.h"

namespace faultline {
namespace {

constexpr size_t kRunLogLines = 20;

// The functions above an injected call, innermost first.
std::string Injected(const Injection& injection) {
  std::string text = injection.point;
  size_t told = 0;
  for (const Frame& frame : injection.stack) {
    if (told < 3 && !frame.function.empty()) {
      text += (told++ == 0 ? " in " : " < ") + frame.function;
    }
  }
  return fmt::format("{} ({}, step {})", text, injection.action, injection.step);
}

CiFinding FindingOf(const Finding& one, const RunReport& run) {
  const Evidence& evidence = run.evidence;
  CiFinding finding;
  finding.id = FindingId(one.signature);
  finding.kind = one.kind;
  finding.title = one.title;
  finding.signature = one.signature;
  finding.status = "seen";
  finding.known = one.known;
  finding.fails = !one.known && one.kind != kEndsByDesign;
  finding.note = one.note;
  finding.exit = evidence.exit.ToString();
  finding.expected = ContractOf(one.kind);
  finding.details = one.details;
  if (run.broken_without_faults) {
    finding.why = "in the fault-free run, which has to pass first";
  }
  if (!one.stack.empty()) {
    finding.stacks.emplace_back(
        StackName(one.kind, one.signature, one.stack, FirstFailedCall(evidence)), one.stack);
  }
  for (const ThreadStack& thread : evidence.threads) {
    if (thread.crashed && !thread.frames.empty()) {
      finding.stacks.emplace_back("Thread that died", thread.frames);
      break;
    }
  }
  if (!evidence.injections.empty()) {
    const Injection& first = evidence.injections.front();
    finding.point = first.point;
    finding.injected = Injected(first);
    finding.places = {finding.injected};
    // Where a hanging target waits is no place to correct anything.
    finding.stacks.emplace(one.kind == "hang" ? finding.stacks.begin() : finding.stacks.end(),
                           "The call that failed", first.stack);
  }
  const std::vector<LogLine>& log = evidence.log;
  for (size_t i = log.size() - std::min(log.size(), kRunLogLines); i < log.size(); ++i) {
    finding.log.push_back(log[i].text);
  }
  finding.replay = run.replay_command;
  return finding;
}

std::string Body(const RunReport& run, const std::vector<CiFinding>& findings) {
  std::string body;
  for (const KnownFinding& known : run.not_seen) {
    body += fmt::format("the known finding was not observed: {} {}\n", known.kind, known.pattern);
  }
  for (const CiFinding& finding : findings) {
    body += (body.empty() ? "" : "\n") + TextOf(finding);
  }
  return body;
}

}  // namespace

CiReport CiReportOf(const RunReport& run, std::string_view version) {
  const Evidence& evidence = run.evidence;
  CiReport report;
  report.title = fmt::format("run of {}", evidence.scenario);
  report.verdict = ToString(VerdictOf(run));
  report.version = version;
  report.time = CiTimeNow();
  for (const Finding& finding : run.findings) {
    report.causes.push_back({report.findings.size()});
    report.cause_titles.push_back(finding.cause.empty() ? finding.title : finding.cause);
    report.findings.push_back(FindingOf(finding, run));
  }
  if (!run.leaks_not_judged.empty()) {
    report.notes.push_back("leaks of objects and descriptors are not judged: " +
                           run.leaks_not_judged);
  }
  CiCase one;
  one.group = "scenario";
  one.name = evidence.scenario;
  one.duration_ms = evidence.total_ms;
  if (VerdictOf(run) == Verdict::kFindings) {
    one.result = CiCase::Result::kFailed;
    one.type = run.findings.empty() ? "known finding" : run.findings.front().kind;
    for (const CiFinding& finding : report.findings) {
      if (finding.fails) {
        one.message +=
            fmt::format("{}{}: {}", one.message.empty() ? "" : "; ", finding.kind, finding.title);
      }
    }
    for (const KnownFinding& known : run.not_seen) {
      one.message += fmt::format("{}the known finding was not observed: {} {}",
                                 one.message.empty() ? "" : "; ", known.kind, known.pattern);
    }
    one.body = Body(run, report.findings);
  } else if (const WaitAccount* slow = SlowWait(evidence); slow != nullptr) {
    report.notes.push_back(slow->ToString());
  }
  if (const std::string lost = LostSignal(evidence); !lost.empty()) {
    report.notes.push_back(lost);
  }
  report.suites.push_back({evidence.scenario,
                           {{"scenario", evidence.scenario_file},
                            {"program", evidence.program},
                            {"build", evidence.build_id},
                            {"faultline", std::string(version)}},
                           {std::move(one)}});
  return report;
}

}  // namespace faultline
