#include "harness/report/story.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "harness/evidence/injection_lives.h"
#include "harness/oracle/blame.h"
#include "harness/oracle/ends_by_design.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/stop_command.h"
#include "harness/report/contract.h"
#include "harness/report/stack_name.h"
#include "harness/report/stack_text.h"
#include "harness/report/text.h"
#include "harness/report/wrap.h"

namespace faultline {
namespace {

std::string Outcome(const RpcExchange& rpc) {
  switch (rpc.outcome) {
    case RpcExchange::Outcome::kResult:
      return "result";
    case RpcExchange::Outcome::kError:
      return "error " + rpc.answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    case RpcExchange::Outcome::kNoAnswer:
      return "no answer";
    case RpcExchange::Outcome::kGone:
      break;
  }
  return "connection gone";
}

std::string EndOf(const Evidence& evidence) {
  return evidence.exit.ToString() +
         (evidence.asked_to_stop
              ? fmt::format(", {} ms after {}", evidence.stop_ms, StopAskedBy(evidence))
              : std::string());
}

std::string_view Word(StepResult::Status status) {
  switch (status) {
    case StepResult::Status::kDone:
      return "as written";
    case StepResult::Status::kUnmet:
      return "NOT AS WRITTEN";
    case StepResult::Status::kTimedOut:
      return "RAN INTO ITS LIMIT";
    case StepResult::Status::kTargetGone:
      return "target gone";
    case StepResult::Status::kSkipped:
      break;
  }
  return "skipped";
}

// Of one line of the story, on the terminal: log lines of SPDK say what went wrong behind 80
// columns.
constexpr size_t kTerminalLines = 2;

struct LineRange {
  size_t begin = 0;
  size_t end = 0;
};

// Where the story happens in a log: from the first injection on, or else at the end. When that is
// more than `count` lines, its first and its last ones: the error, and how it ended.
std::vector<LineRange> LinesToTell(const Evidence& evidence, size_t count) {
  const std::vector<LogLine>& log = evidence.log;
  size_t begin = log.size() - std::min(count, log.size());
  if (!evidence.injections.empty()) {
    const int64_t fault_ms = evidence.injections.front().time_ms;
    const auto after = std::find_if(log.begin(), log.end(),
                                    [&](const LogLine& line) { return line.time_ms >= fault_ms; });
    begin = std::min(begin, static_cast<size_t>(after - log.begin()));
  }
  if (log.size() - begin <= count) {
    return {{begin, log.size()}};
  }
  return {{begin, begin + count / 2}, {log.size() - (count - count / 2), log.size()}};
}

}  // namespace

std::string Paint::operator()(Color color, std::string_view text) const {
  return on_ ? fmt::format("\x1b[{}m{}\x1b[0m", static_cast<int>(color), text) : std::string(text);
}

std::string Story::Tell() {
  Findings();
  Injections();
  Log();
  Course();
  Contract();
  Commands();
  Threads();
  return std::move(out_);
}

void Story::Heading(std::string_view text) {
  out_ += fmt::format("\n{}\n", paint_(Paint::Color::kBold, text));
}

void Story::Line(std::string_view text, size_t indent) {
  const std::string clean = EscapeControls(text);
  // A line of a log can be as long as it likes; what is cut off is seen with -v.
  const std::string cut = CutToWidth(clean, kTerminalLines * limits_.width - indent);
  const std::string line = std::string(indent, ' ') + cut;
  out_ += limits_.wrap ? Wrapped(line, limits_.width, 4) : line + "\n";
}

void Story::More(size_t shown, size_t all, std::string_view what, size_t indent) {
  if (all > shown) {
    Line(fmt::format("... {} more {}", all - shown, what), indent);
  }
}

void Story::TellStack(const Stack& stack, size_t indent) {
  for (const std::string& line : StackLines(stack, limits_.frames, limits_.whole_stacks)) {
    Line(line, indent);
  }
}

void Story::TellFinding(const Finding& finding) {
  out_ += fmt::format("\n{} {}{}\n",
                      paint_(finding.known || finding.kind == kEndsByDesign ? Paint::Color::kYellow
                                                                            : Paint::Color::kRed,
                             finding.kind + ":"),
                      EscapeControls(finding.title), finding.known ? " (known)" : "");
  if (!finding.note.empty()) {
    Line("note: " + finding.note);
  }
  if (!finding.stack.empty() && finding.kind != "crash") {
    const Stack failed_call = FirstFailedCall(report_.evidence);
    Line(
        fmt::format("{}:", StackName(finding.kind, finding.signature, finding.stack, failed_call)));
  }
  TellStack(finding.stack, finding.kind == "crash" ? 2 : 4);
  const size_t shown = std::min(finding.details.size(), limits_.details);
  for (size_t i = 0; i < shown; ++i) {
    Line(finding.details[i]);
  }
  More(shown, finding.details.size(), "lines");
  if (!finding.caused_by.empty()) {
    Line(fmt::format("caused by: {}", fmt::join(finding.caused_by, ", ")));
  }
  if (!finding.cause.empty()) {
    Line("to fix: " + finding.cause);
  }
  Line("signature: " + finding.signature);
}

void Story::Findings() {
  const std::vector<Finding>& findings = report_.findings;
  const size_t told = std::min(findings.size(), limits_.findings);
  for (size_t i = 0; i < told; ++i) {
    TellFinding(findings[i]);
  }
  for (size_t i = told; i < findings.size(); ++i) {
    Line(fmt::format("also {}: {}", findings[i].kind, findings[i].title), 0);
  }
  for (const KnownFinding& known : report_.not_seen) {
    Line(fmt::format("known finding that was not observed: {} {}", known.kind, known.pattern), 0);
  }
  for (const BaselineEntry& entry : report_.fixed) {
    Line("fixed, or not reached by this run: " + entry.signature, 0);
  }
}

void Story::Injections() {
  const std::vector<Injection>& injections = report_.evidence.injections;
  if (injections.empty()) {
    return;
  }
  Heading("What was injected");
  const std::vector<int> lives = LivesOfInjections(report_.evidence);
  size_t told = 0;
  size_t next = 0;
  for (; next < injections.size() && told < limits_.injections; ++told) {
    const Injection& injection = injections[next];
    // A call that is tried again and again is told once, for each life of the target.
    size_t end = next + 1;
    while (end < injections.size() && injections[end].fault == injection.fault &&
           injections[end].site == injection.site && lives[end] == lives[next]) {
      ++end;
    }
    const std::string life = lives[next] == 0 ? "" : fmt::format(" of life {}", lives[next]);
    const std::string times = end - next > 1 ? fmt::format(", x {}", end - next) : "";
    Line(fmt::format("{}: {} ({}), in step {}{}, at {} ms{}{}", injection.fault, injection.point,
                     injection.action, injection.step, life, injection.time_ms,
                     injection.before_main ? ", before main" : "", times));
    TellStack(injection.stack, 4);
    next = end;
  }
  More(next, injections.size(), "injected calls");
}

void Story::Log() {
  const std::vector<LogLine>& log = report_.evidence.log;
  if (log.empty()) {
    return;
  }
  Heading("What the target said");
  size_t told = 0;
  for (const LineRange& range : LinesToTell(report_.evidence, limits_.log_lines)) {
    More(told, range.begin, "lines");
    for (size_t i = range.begin; i < range.end; ++i) {
      Line(fmt::format("{:>6} ms  {}", log[i].time_ms, log[i].text));
    }
    told = range.end;
  }
}

void Story::Course() {
  const Evidence& evidence = report_.evidence;
  Heading("What it did");
  for (const StepResult& step : evidence.steps) {
    std::string line =
        fmt::format("{}: {}, {} ms", StepText(step), Word(step.status), step.duration_ms);
    for (const RpcExchange& rpc : evidence.rpcs) {
      if (rpc.step == step.index) {
        line += "; " + Outcome(rpc);
      }
    }
    if (step.detail.empty() && !step.said.empty()) {
      line += "; it said `" + step.said + "`";
    }
    Line(step.detail.empty() ? line : line + "; " + step.detail);
  }
  for (const FaultStep& step : evidence.fault_steps) {
    Line(fmt::format("fault {}, in step {}: {}: {}{}", step.fault, step.step, step.result.title,
                     Word(step.result.status),
                     step.result.detail.empty() ? "" : "; " + step.result.detail));
  }
  for (const LostCompanion& lost : evidence.lost_companions) {
    Line(fmt::format("companion {} ended in step {}: {}", lost.name, lost.step,
                     lost.exit.ToString()));
  }
  for (const FaultRpc& rpc : evidence.fault_rpcs) {
    Line(fmt::format("fault {}, in step {}: rpc {}: {}", rpc.fault, rpc.exchange.step,
                     rpc.exchange.method,
                     rpc.delivered ? Outcome(rpc.exchange) : "not sent: no connection"));
  }
  if (evidence.targets.empty()) {
    Line("end: " + EndOf(evidence));
  }
  for (const Evidence& target : evidence.targets) {
    Line(fmt::format("end of {}: {}", target.target, EndOf(target)));
  }
  if (const std::string lost = LostSignal(evidence); !lost.empty()) {
    Line(lost);
  }
  if (!report_.leaks_not_judged.empty()) {
    Line("leaks of objects and descriptors are not judged: " + report_.leaks_not_judged);
  }
}

void Story::Contract() {
  std::set<std::string_view> kinds;
  for (const Finding& finding : report_.findings) {
    kinds.insert(finding.kind);
  }
  if (kinds.empty()) {
    return;
  }
  Heading("What it should have done");
  for (const std::string_view kind : kinds) {
    Line(ContractOf(kind));
  }
}

void Story::Commands() {
  // Never cut: they are there to be copied.
  const auto tell = [this](std::string_view heading, const std::string& command) {
    if (!command.empty()) {
      Heading(heading);
      out_ += "  " + EscapeControls(command) + "\n";
    }
  };
  tell("To run it again", report_.replay_command);
  tell("To stop in gdb at the injected call", report_.gdb_command);
}

void Story::Threads() {
  const std::vector<ThreadStack>& threads = report_.evidence.threads;
  const size_t told = std::min(threads.size(), limits_.threads);
  if (told > 0) {
    Heading("Threads");
  }
  for (size_t i = 0; i < told; ++i) {
    Line(fmt::format("{} {}{}", threads[i].tid, threads[i].name,
                     threads[i].crashed ? " (crashed)" : ""));
    TellStack(threads[i].frames, 4);
  }
}

}  // namespace faultline
