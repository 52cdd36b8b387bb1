#include "harness/report/terminal.h"

#include <fmt/format.h>

#include <filesystem>
#include <limits>

#include "harness/oracle/failed_call.h"
#include "harness/oracle/run_course.h"
#include "harness/report/story.h"
#include "harness/report/text.h"

namespace faultline {
namespace {

std::string TellLostSignal(const Evidence& evidence) {
  const std::string lost = LostSignal(evidence);
  return lost.empty() ? "" : EscapeControls("  " + lost) + "\n";
}

Paint::Color ColorOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
    case Verdict::kCleanError:
    case Verdict::kSlow:
      return Paint::Color::kGreen;
    case Verdict::kKnownFindings:
      return Paint::Color::kYellow;
    case Verdict::kFindings:
      break;
  }
  return Paint::Color::kRed;
}

// Silence about leaks is no praise where nobody looked.
std::string LeaksNotJudged(const RunReport& report) {
  return report.leaks_not_judged.empty()
             ? ""
             : "leaks of objects and descriptors are not judged: " + report.leaks_not_judged + "\n";
}

std::string Tell(const RunReport& report, const TerminalOptions& options,
                 const StoryLimits& limits) {
  const Paint paint(options.color);
  return VerdictLine(report, options) + Story(report, limits, paint).Tell();
}

// What did not go as written although nothing is to be blamed for it: a call had failed, and the
// target may then refuse what it is asked. Not a wait for the end of what the scenario killed.
std::string TellRefused(const Evidence& evidence) {
  std::string text;
  size_t skipped = 0;
  for (const StepResult& step : evidence.steps) {
    skipped += step.status == StepResult::Status::kSkipped ? 1 : 0;
    if (step.status == StepResult::Status::kUnmet && FirstFailure(evidence) != nullptr &&
        !step.detail.starts_with("expected an exit")) {
      text += fmt::format("  {} was refused, as it may be when a call fails: {}\n",
                          EscapeControls(StepText(step)),
                          EscapeControls(step.detail.substr(0, step.detail.find('\n'))));
    }
  }
  if (!text.empty() && skipped > 0) {
    text += fmt::format("  {} step{} behind it {} skipped\n", skipped, skipped == 1 ? "" : "s",
                        skipped == 1 ? "was" : "were");
  }
  return text;
}

std::string Ends(const Evidence& evidence) {
  if (evidence.targets.empty()) {
    return evidence.exit.ToString();
  }
  std::string ends;
  for (const Evidence& target : evidence.targets) {
    ends += fmt::format("{}{} {}", ends.empty() ? "" : ", ", target.target, target.exit.ToString());
  }
  return ends;
}

}  // namespace

std::string VerdictLine(const RunReport& report, const TerminalOptions& options) {
  const Evidence& evidence = report.evidence;
  const Verdict verdict = VerdictOf(report);
  const std::string program = std::filesystem::path(evidence.program).filename().string();
  std::string text =
      EscapeControls(fmt::format("{} on {}: {}, {:.2f} s", evidence.scenario, program,
                                 Ends(evidence), static_cast<double>(evidence.total_ms) / 1000));
  if (report.broken_without_faults) {
    text += " (without any fault: the faults were not tried)";
  }
  return fmt::format("{}  {}\n", Paint(options.color)(ColorOf(verdict), ToString(verdict)), text);
}

std::string TellRun(const RunReport& report, const TerminalOptions& options) {
  if (report.findings.empty() && report.not_seen.empty() && report.fixed.empty()) {
    const WaitAccount* slow = SlowWait(report.evidence);
    return VerdictLine(report, options) +
           (slow == nullptr ? "" : EscapeControls("  " + slow->ToString()) + "\n") +
           TellRefused(report.evidence) + TellLostSignal(report.evidence) + LeaksNotJudged(report);
  }
  StoryLimits limits;
  limits.width = options.width;
  limits.wrap = options.wrap;
  return Tell(report, options, limits);
}

std::string TellRunInFull(const RunReport& report, const TerminalOptions& options) {
  constexpr size_t kAll = std::numeric_limits<size_t>::max() / 4;  // room to reckon with
  StoryLimits limits;
  limits.width = limits.findings = limits.details = limits.frames = kAll;
  limits.injections = limits.log_lines = limits.threads = kAll;
  limits.whole_stacks = true;
  return Tell(report, options, limits);
}

}  // namespace faultline
