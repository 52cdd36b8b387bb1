#pragma once

#include <string>
#include <string_view>

#include "harness/report/ci_report.h"

namespace faultline {

// The report as GitHub's Markdown, for the page of a job ($GITHUB_STEP_SUMMARY), which takes at
// most 1 MiB: verdict, figures, a table of causes and findings, and the most important findings in
// full below. What the target wrote is text in it, never markup.
std::string MarkdownReport(const CiReport& report);

// `text` as text within a line of Markdown: no markup, no link, no mention, no new line.
std::string MarkdownText(std::string_view text);

}  // namespace faultline
