#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/oracle/ends_by_design.h"
#include "harness/report/ci_report.h"
#include "harness/report/contract.h"
#include "harness/report/stored_stack.h"
#include "harness/store/status.h"

namespace faultline {
namespace {

using nlohmann::json;

// Of the functions of a place, as many as a name needs.
std::string Shortened(const std::string& place, size_t functions) {
  constexpr std::string_view kSeparator = " < ";
  size_t end = 0;
  for (size_t i = 0; i < functions; ++i) {
    end = place.find(kSeparator, end);
    if (end == std::string::npos) {
      return place;
    }
    end += kSeparator.size();
  }
  return place.substr(0, end - kSeparator.size());
}

std::vector<std::string> LinesOf(const json& list) {
  std::vector<std::string> lines;
  if (list.is_array()) {
    for (const json& line : list) {
      if (line.is_string()) {
        lines.push_back(line.get<std::string>());
      }
    }
  }
  return lines;
}

std::string TextOfPlace(const StoredSite& site) {
  return site.place.empty() ? site.point : fmt::format("{} in {}", site.point, site.place);
}

// Names by which places are known from build to build: as short as tells them apart.
class PlaceNames {
 public:
  explicit PlaceNames(const std::vector<DigestSite>& sites) {
    for (const DigestSite& one : sites) {
      ++short_[Key(one.site, kFunctions)];
    }
  }

  std::string Of(const StoredSite& site) {
    const bool is_alone = short_[Key(site, kFunctions)] == 1;
    const std::string name = is_alone ? Shortened(site.place, kFunctions) : site.place;
    const size_t earlier = given_[site.point + " " + name]++;
    return earlier == 0 ? name : fmt::format("{} ({})", name, earlier + 1);
  }

 private:
  static constexpr size_t kFunctions = 4;

  static std::string Key(const StoredSite& site, size_t functions) {
    return site.point + " " + Shortened(site.place, functions);
  }

  std::map<std::string, size_t> short_;
  std::map<std::string, size_t> given_;
};

CiFinding FindingOf(const DigestFinding& one, const SweepDigest& digest,
                    const CiSweepContext& context) {
  const FindingGroup& group = one.group;
  CiFinding finding;
  finding.id = group.id;
  finding.kind = group.kind;
  finding.title = group.title;
  finding.signature = group.signature;
  finding.status = one.status;
  // Without the status itself.
  const std::string text = StatusText(group);
  finding.why = text.substr(std::min(text.size(), one.status.size() + 2));
  finding.known = one.known != nullptr;
  finding.fails = one.fails;
  if (one.known != nullptr) {
    finding.note = one.known->note;
    finding.reference = one.known->reference;
  }
  if (!one.injected.empty()) {
    finding.injected = fmt::format("{} {}", one.injected, one.mode_text);
  }
  finding.exit = one.run.exit;
  finding.expected = ContractOf(group.kind);
  finding.details = LinesOf(json::parse(one.finding.details, nullptr, false));
  for (const auto& [name, stack] : StacksOf(one, digest)) {
    finding.stacks.emplace_back(name, FramesOf(stack));
  }
  // The call that failed comes first there, and stays so of a hang: where that waits is no place to
  // correct anything.
  if (finding.stacks.size() > 1 && !one.sites.empty() && group.kind != "hang") {
    std::rotate(finding.stacks.begin(), finding.stacks.begin() + 1, finding.stacks.end());
  }
  for (const size_t site : one.sites) {
    finding.places.push_back(TextOfPlace(digest.sites[site].site));
  }
  if (!one.sites.empty()) {
    finding.point = digest.sites[one.sites.front()].site.point;
  }
  const json evidence = json::parse(one.run.evidence, nullptr, false);
  if (evidence.is_object()) {
    finding.log = LinesOf(evidence.value("log", json::array()));
  }
  if (!group.scenario.empty()) {
    finding.replay = fmt::format("faultline replay {} {}{}", context.store_file, group.id,
                                 context.replay_options);
  }
  return finding;
}

// A finding that fails the command is a failure; what is known, or not to be believed, is skipped.
CiCase CaseOf(const CiFinding& finding, const std::string& scenario, int64_t duration_ms) {
  CiCase one;
  one.group = fmt::format("{}.{}", scenario, finding.kind);
  one.name = fmt::format("{} [{}]", finding.title, finding.id);
  one.result = finding.fails ? CiCase::Result::kFailed : CiCase::Result::kSkipped;
  one.type = finding.fails ? finding.kind : finding.known ? "known" : finding.status;
  one.message =
      finding.fails ? fmt::format("{}: {}", finding.kind, finding.title)
      : finding.known
          ? fmt::format("known: {}", finding.note.empty() ? finding.title : finding.note)
          : fmt::format("{}{}{}", finding.status, finding.why.empty() ? "" : ": ", finding.why);
  one.body = TextOf(finding);
  one.duration_ms = duration_ms;
  return one;
}

// A place at which nothing was found.
CiCase CaseOf(const DigestSite& site, const std::string& scenario, std::string name) {
  CiCase one;
  one.group = fmt::format("{}.{}", scenario, site.site.point);
  one.name = name.empty() ? site.site.hash : std::move(name);
  one.duration_ms = site.duration_ms;
  if (site.verdict == "not reached" || site.verdict == "not visited") {
    one.result = CiCase::Result::kSkipped;
    one.type = site.verdict;
    one.message = site.verdict == "not reached"
                      ? "the call was not reached in a run that was to make it fail"
                      : "no run made this call fail: the budget ended before";
    one.body = one.message + "\n  " + TextOfPlace(site.site) + "\n";
  }
  return one;
}

class SweepCiWriter {
 public:
  SweepCiWriter(const SweepDigest& digest, const CiSweepContext& context)
      : digest_(digest), context_(context), scenario_(digest.environment.scenario) {}

  CiReport Write() {
    const StoredEnvironment& environment = digest_.environment;
    report_.title = fmt::format("sweep of {}", scenario_);
    report_.verdict = context_.fault_free_findings.empty() ? digest_.Verdict()
                                                           : "the fault-free run already fails";
    report_.version = environment.version;
    report_.time = CiTimeNow();
    report_.errors = context_.errors;
    report_.notes = context_.notes;
    Figures();
    properties_ = {{"scenario", environment.scenario_file}, {"program", environment.program},
                   {"build", environment.program_key},      {"machine", environment.machine},
                   {"faultline", environment.version},      {"store", context_.store_file}};
    Findings();
    Places();
    for (const std::string& text : digest_.notes) {
      report_.notes.push_back(text);
    }
    for (const std::string& text : digest_.nondeterministic) {
      report_.notes.push_back("nondeterministic: " + text);
    }
    return std::move(report_);
  }

 private:
  void Figures() {
    const auto visited = std::count_if(digest_.sites.begin(), digest_.sites.end(),
                                       [](const DigestSite& site) { return site.plans > 0; });
    report_.figures = {{"causes", std::to_string(digest_.causes.size())},
                       {"findings", std::to_string(digest_.findings.size())},
                       {"places visited", std::to_string(visited)},
                       {"runs", std::to_string(digest_.runs)}};
  }

  void Findings() {
    CiSuite suite{scenario_ + ": findings", properties_, {}};
    for (const Finding& finding : context_.fault_free_findings) {
      suite.cases.push_back({scenario_ + "." + finding.kind, "without any fault: " + finding.title,
                             CiCase::Result::kFailed, finding.kind,
                             fmt::format("{}: {}", finding.kind, finding.title),
                             fmt::format("{}\n", fmt::join(finding.details, "\n"))});
    }
    for (const DigestFinding& one : digest_.findings) {
      report_.findings.push_back(FindingOf(one, digest_, context_));
      suite.cases.push_back(CaseOf(report_.findings.back(), scenario_, one.run.duration_ms));
    }
    for (const DigestCause& cause : digest_.causes) {
      report_.causes.push_back(cause.findings);
      report_.cause_titles.push_back(cause.title);
    }
    for (const auto& [what, why] : context_.errors) {
      suite.cases.push_back({scenario_ + ".harness", what, CiCase::Result::kError, "harness", why,
                             fmt::format("{}: {}\n", what, why)});
    }
    report_.suites.push_back(std::move(suite));
  }

  // A place that shows a finding has no case of its own: a cause that shows at fifty places is one
  // thing to fix, not fifty.
  void Places() {
    CiSuite suite{scenario_ + ": places", properties_, {}};
    PlaceNames names(digest_.sites);
    for (const DigestSite& site : digest_.sites) {
      std::string name = names.Of(site.site);
      const bool is_well = std::all_of(
          site.findings.begin(), site.findings.end(),
          [this](size_t index) { return digest_.findings[index].group.kind == kEndsByDesign; });
      if (is_well && (site.plans > 0 || context_.not_visited.contains(site.site.hash))) {
        suite.cases.push_back(CaseOf(site, scenario_, std::move(name)));
      }
    }
    report_.suites.push_back(std::move(suite));
  }

  const SweepDigest& digest_;
  const CiSweepContext& context_;
  const std::string scenario_;
  std::vector<std::pair<std::string, std::string>> properties_;
  CiReport report_;
};

}  // namespace

CiReport CiReportOf(const SweepDigest& digest, const CiSweepContext& context) {
  return SweepCiWriter(digest, context).Write();
}

}  // namespace faultline
