#include "harness/report/page_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "harness/report/contract.h"
#include "harness/report/source_lines.h"
#include "harness/store/status.h"

namespace faultline {
namespace {

using nlohmann::json;

constexpr size_t kMostFramesWithSource = 3;  // of each stack
constexpr const char* kVerdicts[] = {"finding",     "doubtful",  "slow",       "not reached",
                                     "clean error", "tolerated", "not visited"};

// A table of distinct values, numbered in order of first use.
template <typename T>
class Numbering {
 public:
  size_t Of(const T& value) {
    const auto [entry, is_new] = numbers_.try_emplace(value, values_.size());
    if (is_new) {
      values_.push_back(value);
    }
    return entry->second;
  }
  const std::vector<T>& values() const { return values_; }

 private:
  std::map<T, size_t> numbers_;
  std::vector<T> values_;
};

class PageWriter {
 public:
  PageWriter(const SweepDigest& digest, const PageOptions& options)
      : digest_(digest), options_(options), source_(options.source) {}

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
    page["points"] = points_.values();
    page["frames"] = Frames();
    page["source"] = Source();
    page["strings"] = strings_.values();  // last: everything above may add to it
    return page;
  }

 private:
  struct FrameKey {
    std::string function;
    std::string file;
    int line = 0;
    std::string module;
    auto operator<=>(const FrameKey&) const = default;
  };

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
    for (const DigestSite& site : digest_.sites) {
      visited += site.plans > 0 ? 1 : 0;
    }
    json figures = json::array({json::array({"causes", std::to_string(digest_.causes.size())}),
                                json::array({"findings", std::to_string(digest_.findings.size())}),
                                json::array({"places visited", std::to_string(visited)}),
                                json::array({"runs", std::to_string(digest_.runs)})});
    for (const auto& [outcome, count] : digest_.outcomes) {
      figures.push_back(json::array({"runs: " + outcome, std::to_string(count)}));
    }
    return figures;
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

  // Indexes of the frames of a stack as stores keep it; nothing for a text of another form.
  json StackIndexes(const std::string& stack) {
    json indexes = json::array();
    const json frames = json::parse(stack, nullptr, /*allow_exceptions=*/false);
    if (!frames.is_array()) {
      return indexes;
    }
    for (const json& frame : frames) {
      if (frame.is_array() && frame.size() >= 4 && frame[0].is_string() && frame[1].is_string() &&
          frame[2].is_number_integer() && frame[3].is_string() &&
          !frame[3].get_ref<const std::string&>().starts_with("libfaultline_agent")) {
        indexes.push_back(frames_.Of({frame[0].get<std::string>(), frame[1].get<std::string>(),
                                      frame[2].get<int>(), frame[3].get<std::string>()}));
      }
    }
    return indexes;
  }

  json Sites() {
    json sites = json::array();
    for (const DigestSite& one : digest_.sites) {
      const StoredSite& site = one.site;
      const auto verdict = std::find(std::begin(kVerdicts), std::end(kVerdicts), one.verdict);
      json indexes = StackIndexes(site.stack);
      ShowSource(indexes);
      sites.push_back({site.hash, points_.Of(site.point), std::move(indexes), site.step, site.calls,
                       verdict - std::begin(kVerdicts), strings_.Of(site.thread), one.plans,
                       one.findings});
    }
    return sites;
  }

  json Findings() {
    json findings = json::array();
    for (size_t i = 0; i < digest_.findings.size(); ++i) {
      findings.push_back(Finding(digest_.findings[i], i));
    }
    return findings;
  }

  // How the finding is seen again: without gdb, with it.
  std::pair<std::string, std::string> Commands(const DigestFinding& one, size_t index) const {
    if (index < options_.commands.size()) {
      return options_.commands[index];
    }
    const std::string replay = fmt::format("faultline replay {} {}{}", options_.store_file,
                                           one.group.id, options_.replay_options);
    return {replay, replay + " --gdb"};
  }

  json Finding(const DigestFinding& one, size_t index) {
    const FindingGroup& group = one.group;
    const auto [replay, gdb] = Commands(one, index);
    json stacks = json::array();
    for (const auto& [name, stack] : StacksOf(one, digest_)) {
      json indexes = StackIndexes(stack);
      ShowSource(indexes);
      stacks.push_back({{"name", name}, {"frames", std::move(indexes)}});
    }
    const json details = json::parse(one.finding.details, nullptr, /*allow_exceptions=*/false);
    const auto& titles = options_.steps;
    const size_t step = StepOfFailure(one);
    json finding = {{"id", group.id},
                    {"kind", group.kind},
                    {"title", group.title},
                    {"signature", group.signature},
                    {"status", one.status},
                    {"why", one.why},
                    {"known", one.known != nullptr},
                    {"note", one.known != nullptr ? one.known->note : ""},
                    {"reference", one.known != nullptr ? one.known->reference : ""},
                    {"plans", group.runs},
                    {"tries", group.tries},
                    {"confirmed", CameAgain(group)},
                    {"sites", one.sites},
                    {"injected", one.injected},
                    {"mode_text", one.mode_text},
                    {"step_text", step >= 1 && step <= titles.size()
                                      ? fmt::format("step {} ({})", step, titles[step - 1])
                                      : fmt::format("step {}", step)},
                    {"exit", one.run.exit},
                    {"details", details.is_array() ? details : json::array()},
                    {"contract", ContractOf(group.kind)},
                    {"stacks", std::move(stacks)},
                    {"scenario", group.scenario},
                    {"replay", replay},
                    {"gdb", gdb},
                    {"upstream", UpstreamText(one, digest_)}};
    AddLog(one, finding);
    return finding;
  }

  // In which step the call failed, which may be long before the finding came to light.
  static size_t StepOfFailure(const DigestFinding& one) {
    const json evidence = json::parse(one.run.evidence, nullptr, /*allow_exceptions=*/false);
    const json injections =
        evidence.is_object() ? evidence.value("injections", json::array()) : json::array();
    const bool known = injections.is_array() && !injections.empty() &&
                       injections.front().is_object() &&
                       injections.front().value("step", json()).is_number_unsigned();
    return known ? injections.front()["step"].get<size_t>() : static_cast<size_t>(one.finding.step);
  }

  // The end of the log, and before which of its lines the injected call came; -1 when that is not
  // known.
  static void AddLog(const DigestFinding& one, json& finding) {
    finding["log"] = json::array();
    finding["injected_before"] = -1;
    const json evidence = json::parse(one.run.evidence, nullptr, /*allow_exceptions=*/false);
    if (!evidence.is_object() || !evidence.contains("log") || !evidence["log"].is_array()) {
      return;
    }
    const json& lines = evidence["log"];
    const json times = evidence.value("log_ms", json::array());
    for (size_t i = 0; i < lines.size(); ++i) {
      finding["log"].push_back({i < times.size() ? times[i] : json(), lines[i]});
    }
    const json injections = evidence.value("injections", json::array());
    if (times.size() != lines.size() || injections.empty() ||
        !injections.front().contains("time_ms")) {
      return;
    }
    const auto injected_ms = injections.front().value("time_ms", int64_t{0});
    const auto after = std::find_if(times.begin(), times.end(), [&](const json& time) {
      return time.is_number() && time.get<int64_t>() > injected_ms;
    });
    finding["injected_before"] = after - times.begin();
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
      changed.push_back({{"id", change.after.id},
                         {"kind", change.after.kind},
                         {"title", change.after.title + "; " + change.how}});
    }
    return {{"before", options_.compare_file},
            {"new", list(options_.compare->fresh)},
            {"changed", std::move(changed)},
            {"fixed", list(options_.compare->fixed)},
            {"not_visited", list(options_.compare->unknown)},
            {"same", options_.compare->same.size()}};
  }

  json Frames() {
    json frames = json::array();
    for (const FrameKey& frame : frames_.values()) {
      frames.push_back({strings_.Of(frame.function), strings_.Of(frame.file), frame.line,
                        strings_.Of(frame.module)});
    }
    return frames;
  }

  void ShowSource(const json& indexes) {
    for (size_t i = 0; i < std::min(indexes.size(), kMostFramesWithSource); ++i) {
      shown_.insert(indexes[i].get<size_t>());
    }
  }

  json Source() {
    json source = json::object();
    for (const size_t index : shown_) {
      const FrameKey& frame = frames_.values()[index];
      if (const auto snippet = source_.Around(frame.file, frame.line)) {
        source[std::to_string(index)] = {{"first", snippet->first}, {"lines", snippet->lines}};
      }
    }
    return source;
  }

  const SweepDigest& digest_;
  const PageOptions& options_;
  SourceLines source_;
  Numbering<std::string> strings_;
  Numbering<std::string> points_;
  Numbering<FrameKey> frames_;
  std::set<size_t> shown_;  // frames of which the source is to be seen
};

}  // namespace

json PageData(const SweepDigest& digest, const PageOptions& options) {
  return PageWriter(digest, options).Write();
}

extern "C" const char faultline_page_begin[];
extern "C" const char faultline_page_end[];

std::string PageHtml(const json& data) {
  constexpr std::string_view kPlace = "@FAULTLINE_DATA@";
  std::string page(faultline_page_begin, faultline_page_end);
  std::string text = data.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
  // Inside <script> only "<" can end or change anything; JSON has another spelling for it.
  std::string escaped;
  escaped.reserve(text.size() + text.size() / 16);
  for (const char c : text) {
    if (c == '<') {
      escaped += "\\u003c";
    } else {
      escaped += c;
    }
  }
  return page.replace(page.find(kPlace), kPlace.size(), escaped);
}

}  // namespace faultline
