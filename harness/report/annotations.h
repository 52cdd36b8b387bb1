#pragma once

#include <filesystem>
#include <string>

#include "harness/report/ci_report.h"

namespace faultline {

// Workflow commands of GitHub Actions, one a line: "::error file=lib/a.c,line=7,title=...::...".
// Findings that fail the command are errors, others that nobody knows warnings; GitHub shows ten of
// each kind in a step, so that more are counted in a notice. A finding has a file only when that
// lies below `source`, the root of the target's source tree: GitHub knows no other.
std::string GithubAnnotations(const CiReport& report, const std::filesystem::path& source);

}  // namespace faultline
