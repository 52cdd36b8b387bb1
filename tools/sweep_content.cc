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

std::string TellUnfinished(const SweepDigest& digest) {
  size_t visited = 0;
  size_t to_visit = 0;
  for (const DigestSite& site : digest.sites) {
    visited += site.plans > 0 ? 1 : 0;
    to_visit += site.plans > 0 || (site.site.nested_in.empty() && site.site.seen_after.empty());
  }
  const bool has_ended = digest.last_sweep ? digest.last_sweep->ended : visited == to_visit;
  return has_ended || visited == 0
             ? ""
             : fmt::format("unfinished: {} of {} places visited", visited, to_visit);
}

std::string TellRemaining(const SweepDigest& digest) {
  const std::optional<SweepState>& state = digest.last_sweep;
  return state && state->remaining > 0
             ? fmt::format("{} of {} plans remain", state->remaining, state->plans)
             : "";
}

std::string VerdictOf(const SweepDigest& digest, const std::string& unfinished) {
  if (unfinished.empty()) {
    return digest.Verdict();
  }
  return unfinished + (digest.findings.empty() ? "" : "; so far " + digest.Verdict());
}

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
  if (!options.unfinished_text.empty()) {
    page.verdict = VerdictOf(digest, options.unfinished_text);
  }
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
  if (!options.unfinished_text.empty()) {
    context.errors.emplace_back("unfinished", options.unfinished_text +
                                                  ": the sweep goes on, or it was ended before "
                                                  "its time; the same command resumes it");
  } else if (!report.not_visited.empty()) {
    context.notes.push_back(fmt::format(
        "{} places were not visited: the selection left them out, or the budget ended before",
        report.not_visited.size()));
  }
  if (!options.remaining_text.empty()) {
    context.notes.push_back(options.remaining_text);
  }
  CiReport ci = CiReportOf(digest, context);
  if (!options.unfinished_text.empty()) {
    ci.verdict = VerdictOf(digest, options.unfinished_text);
  }
  return {std::move(ci), [&digest, options] { return SweepPage(digest, options); },
          [&digest, &report, unfinished = options.unfinished_text] {
            nlohmann::json json = StoreToJson(report, digest.outcomes);
            if (!unfinished.empty()) {
              json["unfinished"] = unfinished;
            }
            return json;
          }};
}

}  // namespace faultline
