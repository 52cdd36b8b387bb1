#include "tools/sweep_content.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstring>
#include <ctime>
#include <set>

#include "harness/base/shell_words.h"
#include "harness/report/page_data.h"
#include "harness/report/page_html.h"
#include "tools/sweep_json.h"

namespace faultline {
namespace {

std::set<std::string> NotVisited(const SweepReport& report) {
  std::set<std::string> hashes;
  for (const StoredSite& site : report.not_visited) {
    hashes.insert(site.hash);
  }
  return hashes;
}

CiSweepContext ContextOf(const SweepResult& result, const SweepReport& report,
                         const SweepContentOptions& options) {
  CiSweepContext context;
  context.store_file = options.store_file;
  context.replay_options = options.replay_options;
  context.fault_free_findings = result.fault_free_findings;
  context.not_visited = NotVisited(report);
  for (const std::string& text : result.no_verdicts) {
    context.errors.emplace_back("no verdict", text);
  }
  for (const std::string& text : result.too_busy) {
    context.errors.emplace_back("too busy to judge a hang", text);
  }
  if (result.interrupted) {
    context.errors.emplace_back("interrupted",
                                fmt::format("SIG{} ended the sweep, {} of {} plans were visited",
                                            ::sigabbrev_np(*result.interrupted),
                                            result.plans - result.remaining, result.plans));
  } else if (result.remaining > 0) {
    context.notes.push_back(fmt::format("{} plans remain", result.remaining));
  }
  if (report.leaks_not_judged > 0) {
    context.notes.push_back(fmt::format(
        "leaks of objects and descriptors are not judged in {} runs", report.leaks_not_judged));
  }
  if (result.objects_unseen) {
    context.notes.push_back(
        "no object of the target could be followed to its end: leaks of them "
        "are not judged");
  }
  for (const StoredFinding& finding : result.control_findings) {
    context.notes.push_back(
        fmt::format("without any fault, as many runs at a time as the sweep makes: {}: {}",
                    finding.kind, finding.title));
  }
  for (const BaselineEntry& entry : report.gone) {
    context.notes.push_back(TellGone(entry));
  }
  return context;
}

}  // namespace

std::string ReplayOptions(const GlobalOptions& global) {
  const std::vector<std::string> words = DataWords(global);
  return words.empty() ? "" : " " + JoinForShell(words);
}

std::vector<std::string> TitlesOf(const Scenario& scenario) {
  std::vector<std::string> titles;
  for (const Step& step : scenario.steps) {
    titles.push_back(step.Title());
  }
  return titles;
}

std::string SweepPage(const SweepDigest& digest, const SweepContentOptions& options) {
  PageOptions page;
  page.store_file = options.store_file;
  page.replay_options = options.replay_options;
  page.time = fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(std::time(nullptr)));
  page.steps = options.steps;
  page.source = options.source;
  page.unfinished = options.unfinished;
  page.compare = options.compare;
  page.compare_file = options.compare_file;
  return PageHtml(PageData(digest, page));
}

ReportContent ContentOf(const SweepDigest& digest, const SweepReport& report,
                        const SweepResult& result, const SweepContentOptions& options) {
  return {CiReportOf(digest, ContextOf(result, report, options)),
          [&digest, options] { return SweepPage(digest, options); },
          [&report, &result] { return SweepToJson(report, result); }};
}

ReportContent ContentOfStore(const SweepDigest& digest, const SweepReport& report,
                             const SweepContentOptions& options) {
  CiSweepContext context;
  context.store_file = options.store_file;
  context.replay_options = options.replay_options;
  if (!report.not_visited.empty()) {
    context.notes.push_back(fmt::format(
        "{} places were not visited: the selection left them out, or the budget ended before",
        report.not_visited.size()));
  }
  return {CiReportOf(digest, context), [&digest, options] { return SweepPage(digest, options); },
          [&digest, &report] { return StoreToJson(report, digest.outcomes); }};
}

}  // namespace faultline
