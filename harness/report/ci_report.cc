#include "harness/report/ci_report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>

#include "harness/report/source_lines.h"
#include "harness/report/stack_text.h"
#include "harness/report/text.h"

namespace faultline {
namespace {

constexpr size_t kFramesToTell = 12;
constexpr size_t kPlacesToTell = 20;
constexpr size_t kLogLinesToTell = 20;

void AddList(std::string& text, const char* title, const std::vector<std::string>& lines,
             size_t first, size_t most) {
  const size_t end = std::min(lines.size(), first + most);
  if (first < end) {
    text += fmt::format("{}:\n", title);
  }
  for (size_t i = first; i < end; ++i) {
    text += fmt::format("  {}\n", EscapeControls(lines[i]));
  }
  if (end < lines.size()) {
    text += fmt::format("  ... {} more\n", lines.size() - end);
  }
}

}  // namespace

bool CiReport::passed() const {
  const auto is_bad = [](const CiCase& one) {
    return one.result == CiCase::Result::kFailed || one.result == CiCase::Result::kError;
  };
  return !unfinished && errors.empty() &&
         std::none_of(suites.begin(), suites.end(), [&](const CiSuite& suite) {
           return std::any_of(suite.cases.begin(), suite.cases.end(), is_bad);
         });
}

std::string CiTimeNow() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(std::time(nullptr)));
}

void Add(CiReport one, CiReport& all) {
  for (std::vector<size_t>& cause : one.causes) {
    for (size_t& index : cause) {
      index += all.findings.size();
    }
  }
  const auto append = [](auto& from, auto& to) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  append(one.suites, all.suites);
  append(one.findings, all.findings);
  append(one.causes, all.causes);
  append(one.cause_titles, all.cause_titles);
  append(one.notes, all.notes);
  append(one.errors, all.errors);
}

namespace {

// Several messages, a line each, as one.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    line += c == '\n' ? "; " : std::string(1, c);
  }
  return line;
}

}  // namespace

CiReport CiReportOfUnjudged(const std::string& scenario, CiCase::Result result,
                            const std::string& why, std::string_view version) {
  CiReport report;
  report.title = scenario;
  report.version = version;
  report.time = CiTimeNow();
  report.verdict = result == CiCase::Result::kSkipped ? "skipped" : "not judged";
  CiCase only;
  only.group = "scenario";
  only.name = scenario;
  only.result = result;
  only.type = result == CiCase::Result::kSkipped ? "skipped" : "harness";
  only.message = OneLine(why);
  only.body = why + "\n";
  report.suites.push_back({scenario, {}, {std::move(only)}});
  return report;
}

CiReport UnfinishedCiReport(std::string_view title, std::string_view version) {
  constexpr const char* kWhy =
      "this report was begun and never closed: the work goes on, or faultline was killed";
  CiReport report = CiReportOfUnjudged("unfinished", CiCase::Result::kError, kWhy, version);
  report.title = title;
  report.verdict = "unfinished";
  report.notes = {kWhy};
  report.unfinished = true;
  return report;
}

std::string TextOf(const CiFinding& finding) {
  std::string text = fmt::format("{}: {}\n", finding.kind, EscapeControls(finding.title));
  const auto tell = [&text](const char* what, const std::string& said) {
    if (!said.empty()) {
      text += fmt::format("{}: {}\n", what, EscapeControls(said));
    }
  };
  tell("status", finding.why.empty() ? finding.status : finding.status + ": " + finding.why);
  if (finding.known) {
    tell("known", finding.note.empty() ? "in the baseline" : finding.note);
    tell("see", finding.reference);
  }
  tell("injected", finding.injected);
  tell("the target ended with", finding.exit);
  tell("it should", finding.expected);
  AddList(text, "details", finding.details, 0, finding.details.size());
  for (const auto& [name, stack] : finding.stacks) {
    AddList(text, name.c_str(), StackLines(stack, kFramesToTell), 0, kFramesToTell + 2);
  }
  const size_t log = finding.log.size();
  AddList(text, "the target said, at the end", finding.log, log - std::min(log, kLogLinesToTell),
          kLogLinesToTell);
  if (finding.places.size() > 1) {
    AddList(
        text,
        fmt::format("a failure at any of these {} places shows it", finding.places.size()).c_str(),
        finding.places, 0, kPlacesToTell);
  }
  tell("to see it again", finding.replay);
  tell("signature", finding.signature);
  return text;
}

const Frame* PlaceToShow(const CiFinding& finding, const std::filesystem::path& root) {
  const Frame* first = nullptr;
  SourceLines source(root);
  for (const auto& [name, stack] : finding.stacks) {
    for (const Frame& frame : stack) {
      if (frame.file.empty() || frame.line <= 0) {
        continue;
      }
      if (!root.empty() && source.Find(frame.file)) {
        return &frame;
      }
      first = first == nullptr ? &frame : first;
    }
  }
  return first;
}

}  // namespace faultline
