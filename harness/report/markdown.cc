#include "harness/report/markdown.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/report/text.h"

namespace faultline {
namespace {

constexpr size_t kMostRows = 200;
constexpr size_t kMostInFull = 20;
// GitHub refuses a summary of more than 1 MiB as a whole.
constexpr size_t kMostBytes = size_t{900} * 1024;
constexpr size_t kMostCases = 50;

// A block in which nothing is markup: its fence is longer than any run of its marks inside.
std::string Fenced(const std::string& text) {
  size_t longest = 0;
  size_t run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(std::max<size_t>(3, longest + 1), '`');
  return fmt::format("{}text\n{}{}{}\n", fence, text, text.ends_with('\n') ? "" : "\n", fence);
}

std::string Word(const CiFinding& finding) {
  return finding.known ? "known" : finding.fails ? "**" + finding.status + "**" : finding.status;
}

std::string Row(const CiFinding& finding) {
  return fmt::format("| {} | {} | {} | {} | {} | {} |\n", finding.id, finding.kind, Word(finding),
                     finding.places.size(), MarkdownText(finding.title),
                     MarkdownText(finding.injected));
}

std::string FindingTable(const CiReport& report) {
  std::string text =
      "\n| finding | kind | status | places | what | injected |\n"
      "|---|---|---|---:|---|---|\n";
  size_t rows = 0;
  for (size_t cause = 0; cause < report.causes.size(); ++cause) {
    if (report.causes[cause].size() > 1 && rows < kMostRows) {
      text +=
          fmt::format("| | *cause* | | | *{}:* | |\n", MarkdownText(report.cause_titles[cause]));
    }
    for (const size_t index : report.causes[cause]) {
      if (rows++ < kMostRows) {
        text += Row(report.findings[index]);
      }
    }
  }
  if (rows > kMostRows) {
    text += fmt::format("\n{} more findings are not shown here.\n", rows - kMostRows);
  }
  return text;
}

// Cases that failed or could not be judged, of whole scenarios: findings have their table.
std::string CaseTable(const CiReport& report) {
  std::string rows;
  size_t count = 0;
  for (const CiSuite& suite : report.suites) {
    for (const CiCase& one : suite.cases) {
      const bool is_told = one.result == CiCase::Result::kError || one.group == "scenario";
      if (is_told && count++ < kMostCases) {
        const char* word = one.result == CiCase::Result::kPassed    ? "passed"
                           : one.result == CiCase::Result::kSkipped ? "skipped"
                           : one.result == CiCase::Result::kError   ? "**error**"
                                                                    : "**failed**";
        rows += fmt::format("| {} | {} | {} |\n", MarkdownText(one.name), word,
                            MarkdownText(one.message));
      }
    }
  }
  if (rows.empty()) {
    return "";
  }
  return "\n| scenario | result | why |\n|---|---|---|\n" + rows +
         (count > kMostCases ? fmt::format("\n{} more are not shown here.\n", count - kMostCases)
                             : "");
}

}  // namespace

std::string MarkdownText(std::string_view text) {
  constexpr std::string_view kMarks = "\\`*_{}[]()#+-.!|~>:";
  std::string out;
  for (const char c : EscapeControls(text)) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '@') {
      out += "&#64;";
    } else {
      out += kMarks.find(c) != std::string_view::npos ? "\\" : "";
      out += c;
    }
  }
  return out;
}

std::string MarkdownReport(const CiReport& report) {
  std::string text = fmt::format("## Faultline: {}\n\n{} **{}**\n", MarkdownText(report.title),
                                 report.unfinished ? "⏳"
                                 : report.passed() ? "✅"
                                                   : "❌",
                                 MarkdownText(report.verdict));
  std::vector<std::string> figures;
  for (const auto& [name, value] : report.figures) {
    figures.push_back(fmt::format("{}: {}", name, value));
  }
  if (!figures.empty()) {
    text += fmt::format("\n{}\n", fmt::join(figures, " · "));
  }
  text += CaseTable(report);
  if (!report.findings.empty()) {
    text += FindingTable(report);
  }
  for (const std::string& note : report.notes) {
    text += fmt::format("\n> {}\n", MarkdownText(note));
  }
  size_t shown = 0;
  for (const CiFinding& finding : report.findings) {
    const std::string part =
        fmt::format("\n<details><summary>{} {}: {}</summary>\n\n{}\n</details>\n", finding.id,
                    finding.kind, MarkdownText(finding.title), Fenced(TextOf(finding)));
    if (shown == kMostInFull || text.size() + part.size() > kMostBytes) {
      text += fmt::format("\nThe other {} findings are in the table alone.\n",
                          report.findings.size() - shown);
      break;
    }
    ++shown;
    text += part;
  }
  return text;
}

}  // namespace faultline
