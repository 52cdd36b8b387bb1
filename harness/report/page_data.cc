#include "harness/report/page_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "harness/report/page_finding.h"
#include "harness/report/page_tables.h"

namespace faultline {
namespace {

using nlohmann::json;

constexpr const char* kVerdicts[] = {"finding",     "doubtful",  "slow",   "not reached",
                                     "clean error", "tolerated", "inside", "not visited"};
constexpr std::string_view kInside = "inside";  // another place that was visited stands for it

constexpr int kDeepestNesting = 16;

// The titles that the run which got furthest kept: for a store whose scenario is not here.
std::vector<std::string> StepsThatRunsTook(const SweepDigest& digest) {
  std::vector<std::string> longest;
  for (const DigestFinding& finding : digest.findings) {
    const json evidence = json::parse(finding.run.evidence, nullptr, /*allow_exceptions=*/false);
    const json titles = evidence.is_object() ? evidence.value("step_titles", json()) : json();
    if (titles.is_array() && titles.size() > longest.size() &&
        std::all_of(titles.begin(), titles.end(),
                    [](const json& title) { return title.is_string(); })) {
      longest = titles.get<std::vector<std::string>>();
    }
  }
  return longest;
}

class PageWriter {
 public:
  PageWriter(const SweepDigest& digest, const PageOptions& options)
      : digest_(digest), options_(options), tables_(options.source) {
    if (options_.steps.empty() && options_.scenarios.empty()) {
      options_.steps = StepsThatRunsTook(digest);
    }
    for (const DigestSite& site : digest.sites) {
      by_hash_[site.site.hash] = &site;
    }
  }

  json Write() {
    json page = {{"faultline_page", 1},
                 {"meta", Meta()},
                 {"passed", Passed()},
                 {"verdict", options_.verdict.empty() ? digest_.Verdict() : options_.verdict},
                 {"question",
                  "When something fails while it starts, runs or stops, does it back out cleanly?"},
                 {"figures", Figures()},
                 {"verdicts", kVerdicts},
                 {"steps", Steps()}};
    page["sites"] = Sites();
    page["findings"] = Findings();
    page["causes"] = Causes();
    page["coverage"] = Coverage();
    page["compare"] = Compare();
    page["scenarios"] = Scenarios();
    tables_.WriteTo(page);  // last: everything above may add to them
    return page;
  }

 private:
  json Meta() const {
    const StoredEnvironment& environment = digest_.environment;
    return {{"state", options_.unfinished ? "unfinished" : "finished"},
            {"scenario", environment.scenario},
            {"program", environment.program},
            {"machine", environment.machine},
            {"version", environment.version},
            {"time", options_.time}};
  }

  bool Passed() const {
    return digest_.passed() && std::none_of(options_.scenarios.begin(), options_.scenarios.end(),
                                            [](const PageScenario& scenario) {
                                              return scenario.result == "failed" ||
                                                     scenario.result == "error";
                                            });
  }

  json Scenarios() const {
    json scenarios = json::array();
    for (const PageScenario& one : options_.scenarios) {
      scenarios.push_back({{"name", one.name},
                           {"file", one.file},
                           {"result", one.result},
                           {"why", one.why},
                           {"duration_ms", one.duration_ms},
                           {"command", one.command},
                           {"findings", one.findings}});
    }
    return scenarios;
  }

  json Figures() const {
    size_t visited = 0;
    size_t to_visit = 0;
    for (const DigestSite& site : digest_.sites) {
      visited += site.plans > 0 ? 1 : 0;
      to_visit += site.plans > 0 || site.site.nested_in.empty() ? 1 : 0;
    }
    json figures = json::array({json::array({"causes", std::to_string(digest_.causes.size())}),
                                json::array({"findings", std::to_string(digest_.findings.size())}),
                                json::array({"places visited", VisitedText(visited, to_visit)}),
                                json::array({"runs", std::to_string(digest_.runs)})});
    for (const auto& [outcome, count] : digest_.outcomes) {
      figures.push_back(json::array({"runs: " + outcome, std::to_string(count)}));
    }
    return figures;
  }

  static std::string VisitedText(size_t visited, size_t to_visit) {
    return visited == to_visit ? std::to_string(visited)
                               : fmt::format("{} of {}", visited, to_visit);
  }

  // As the digest has it, but for what is a part of a place that was visited.
  std::string_view VerdictOf(const DigestSite& site) const {
    const DigestSite* outer = &site;
    for (int depth = 0; depth < kDeepestNesting && outer->plans == 0; ++depth) {
      const auto found = by_hash_.find(outer->site.nested_in);
      if (found == by_hash_.end()) {
        return site.verdict;
      }
      outer = found->second;
    }
    return outer == &site || outer->plans == 0 ? site.verdict : kInside;
  }

  json Steps() const {
    int64_t last = 0;
    for (const DigestSite& site : digest_.sites) {
      last = std::max(last, site.site.step);
    }
    const size_t steps = std::max(options_.steps.size(), static_cast<size_t>(last));
    json titles = json::array({"before the first step"});
    for (size_t i = 1; i <= steps; ++i) {
      titles.push_back(i <= options_.steps.size()
                           ? fmt::format("step {} ({})", i, options_.steps[i - 1])
                           : fmt::format("step {}", i));
    }
    return titles;
  }

  json Sites() {
    json sites = json::array();
    for (const DigestSite& one : digest_.sites) {
      const StoredSite& site = one.site;
      const auto verdict = std::find(std::begin(kVerdicts), std::end(kVerdicts), VerdictOf(one));
      json stack = tables_.Stack(site.stack);
      sites.push_back({site.hash, tables_.Point(site.point), std::move(stack), site.step,
                       site.calls, verdict - std::begin(kVerdicts), tables_.String(site.thread),
                       one.plans, one.findings});
    }
    return sites;
  }

  json Findings() {
    json findings = json::array();
    for (size_t i = 0; i < digest_.findings.size(); ++i) {
      findings.push_back(PageFinding(digest_, i, options_, tables_));
    }
    return findings;
  }

  json Causes() const {
    json causes = json::array();
    for (const DigestCause& cause : digest_.causes) {
      causes.push_back({{"title", cause.title}, {"findings", cause.findings}});
    }
    return causes;
  }

  json Coverage() const {
    json coverage = json::array();
    const auto add = [&](const char* title, json items) {
      if (!items.empty()) {
        coverage.push_back({{"title", title}, {"items", std::move(items)}});
      }
    };
    json not_visited = json::array();
    for (const DigestSite& one : digest_.sites) {
      if (one.plans == 0 && one.site.nested_in.empty()) {
        not_visited.push_back(fmt::format("{} in {}", one.site.point, one.site.place));
      }
    }
    add("Places that were not visited", std::move(not_visited));
    json never_called = json::array();
    for (const Store::Census::Point& point : digest_.never_called) {
      never_called.push_back(point.name);
    }
    add("Fault points that this scenario never calls", std::move(never_called));
    json not_hooked = json::array();
    for (const Store::Census::Point& point : digest_.not_hooked) {
      not_hooked.push_back(fmt::format("{}: {}", point.name, point.status));
    }
    add("Fault points that this program lacks, or that cannot be hooked", std::move(not_hooked));
    json only_swept = json::array();
    json never = json::array();
    for (const StoredLine& line : digest_.lines_not_reached) {
      const std::string text = fmt::format("{}:{} {}", line.file, line.line, line.function);
      (line.reached == StoredLine::Reached::kSwept ? only_swept : never).push_back(text);
    }
    add("Lines that ran only with a failure", std::move(only_swept));
    add("Lines that never ran, in functions that did", std::move(never));
    add("Differences between fault-free runs", digest_.nondeterministic);
    add("Lost stop signals", digest_.notes);
    return coverage;
  }

  json Compare() const {
    if (options_.compare == nullptr) {
      return nullptr;
    }
    const auto list = [](const std::vector<FindingGroup>& groups) {
      json items = json::array();
      for (const FindingGroup& group : groups) {
        items.push_back({{"id", group.id}, {"kind", group.kind}, {"title", group.title}});
      }
      return items;
    };
    json changed = json::array();
    for (const Comparison::Change& change : options_.compare->changed) {
      const bool renamed = change.before.signature != change.after.signature;
      changed.push_back({{"id", change.after.id},
                         {"kind", change.after.kind},
                         {"title", change.before.title + "; " + change.how +
                                       (renamed ? ": " + change.after.title : "")}});
    }
    return {{"before", options_.compare_file},
            {"new", list(options_.compare->fresh)},
            {"changed", std::move(changed)},
            {"fixed", list(options_.compare->fixed)},
            {"not_visited", list(options_.compare->unknown)},
            {"same", options_.compare->same.size()}};
  }

  const SweepDigest& digest_;
  PageOptions options_;
  PageTables tables_;
  std::map<std::string_view, const DigestSite*> by_hash_;
};

}  // namespace

json PageData(const SweepDigest& digest, const PageOptions& options) {
  return PageWriter(digest, options).Write();
}

}  // namespace faultline
