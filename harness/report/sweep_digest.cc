#include "harness/report/sweep_digest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/oracle/ends_by_design.h"
#include "harness/report/stack_name.h"
#include "harness/report/stored_stack.h"
#include "harness/store/causes.h"
#include "harness/store/lost_signals.h"
#include "harness/store/status.h"

namespace faultline {
namespace {

using nlohmann::json;

// Worst first.
constexpr std::array<std::string_view, 7> kSiteVerdicts = {
    "finding", "doubtful", "slow", "not reached", "clean error", "tolerated", "not visited"};
// What a maintainer reads first, of the program's own code before that of its libraries: damage,
// then what blocks, then what is lost.
constexpr std::array<std::string_view, 10> kKinds = {
    "io-device-missing", "sanitizer", "crash",     "double-free", "hang",
    "not-rolled-back",   "leak",      "swallowed", "expectation", "ends-by-design"};
constexpr std::array<std::string_view, 6> kStatuses = {"confirmed", "flaky",    "not tried",
                                                       "assumed",   "unproven", "by design"};
constexpr size_t kPlaceFunctions = 3;

template <size_t kSize>
size_t RankIn(const std::array<std::string_view, kSize>& order, std::string_view word) {
  return static_cast<size_t>(std::find(order.begin(), order.end(), word) - order.begin());
}

std::string ModeText(std::string_view mode) {
  if (mode == "transient") return "failed once";
  if (mode == "persistent") return "failed from then on";
  if (mode == "pair") return "failed after another failure";
  if (mode == "sigterm") return "was interrupted by SIGTERM";
  if (mode == "sigint") return "was interrupted by SIGINT";
  if (mode == "sigterm-twice") return "was interrupted by SIGTERM, twice";
  if (mode == "stop-rpc") return "was interrupted by the request to stop";
  if (mode == "drop-connection") return "saw the RPC client vanish";
  return fmt::format("was visited ({})", mode);
}

// The first functions of "f < g < h < ...".
std::string ShortPlace(const std::string& place) {
  constexpr std::string_view kSeparator = " < ";
  size_t end = 0;
  for (size_t i = 0; i < kPlaceFunctions; ++i) {
    end = place.find(kSeparator, end);
    if (end == std::string::npos) {
      return place;
    }
    end += kSeparator.size();
  }
  return place.substr(0, end - kSeparator.size());
}

class Digester {
 public:
  Digester(Store& store, const Baseline& baseline, bool assumed_too)
      : store_(store), baseline_(baseline), assumed_too_(assumed_too) {}

  SweepDigest Make() {
    if (const auto environments = store_.Environments(); !environments.empty()) {
      digest_.environment = environments.front();
    }
    digest_.last_sweep = store_.LastSweep();
    for (StoredSite& site : store_.Sites()) {
      by_hash_[site.hash] = digest_.sites.size();
      digest_.sites.emplace_back().site = std::move(site);
    }
    AddFindings();
    AddRuns();
    AddCauses();
    AddCoverage();
    return std::move(digest_);
  }

 private:
  void AddFindings() {
    for (FindingGroup& group : store_.Findings()) {
      DigestFinding entry;
      entry.status = StatusName(StatusOf(group));
      entry.why = StatusRemark(group);
      entry.known = baseline_.Find(group.signature);
      entry.fails = entry.known == nullptr && FailsCommand(group, assumed_too_);
      entry.group = std::move(group);
      TakeRun(entry);
      digest_.findings.push_back(std::move(entry));
    }
    const auto rank = [](const DigestFinding& entry) {
      return std::tuple(entry.known != nullptr, RankIn(kStatuses, entry.status),
                        !entry.group.in_own_code, RankIn(kKinds, entry.group.kind),
                        -entry.group.sites, entry.group.signature);
    };
    std::stable_sort(
        digest_.findings.begin(), digest_.findings.end(),
        [&](const DigestFinding& a, const DigestFinding& b) { return rank(a) < rank(b); });
  }

  // The run that stands for the finding: its confirmation's, else the first that has it itself.
  void TakeRun(DigestFinding& entry) {
    std::vector<std::string> keys = {entry.group.plan_key};
    keys.insert(keys.end(), entry.group.run_keys.begin(), entry.group.run_keys.end());
    for (const std::string& key : keys) {
      std::optional<StoredRun> run = key.empty() ? std::nullopt : store_.FindRun(key);
      if (!run) {
        continue;
      }
      for (const StoredFinding& finding : run->findings) {
        if (finding.signature == entry.group.signature) {
          entry.finding = finding;
          entry.run = std::move(*run);
          entry.mode_text = ModeText(entry.run.mode);
          const auto site = by_hash_.find(entry.run.site);
          if (site != by_hash_.end()) {
            const StoredSite& failed = digest_.sites[site->second].site;
            entry.injected = failed.place.empty()
                                 ? failed.point
                                 : fmt::format("{} in {}", failed.point, ShortPlace(failed.place));
          }
          return;
        }
      }
    }
  }

  void AddRuns() {
    std::map<std::string, std::vector<size_t>> findings_of_run;
    for (size_t i = 0; i < digest_.findings.size(); ++i) {
      for (const std::string& key : digest_.findings[i].group.run_keys) {
        findings_of_run[key].push_back(i);
      }
    }
    for (const StoredRun& run : store_.Runs()) {
      ++digest_.outcomes[run.outcome];
      digest_.runs += run.alike.empty() ? 1 : 0;
      const auto found = by_hash_.find(run.site);
      if (found != by_hash_.end()) {
        AddVisit(found->second, run, findings_of_run[run.key]);
      }
    }
    for (DigestFinding& entry : digest_.findings) {
      const auto failed = by_hash_.find(entry.run.site);
      if (failed != by_hash_.end()) {
        const auto at = std::find(entry.sites.begin(), entry.sites.end(), failed->second);
        if (at != entry.sites.end()) {
          std::rotate(entry.sites.begin(), at, at + 1);
        }
      }
    }
  }

  void AddVisit(size_t site_index, const StoredRun& run, const std::vector<size_t>& findings) {
    DigestSite& site = digest_.sites[site_index];
    ++site.plans;
    site.duration_ms += run.duration_ms;
    bool is_finding = false;
    bool is_doubtful = false;
    for (const size_t index : findings) {
      DigestFinding& entry = digest_.findings[index];
      is_finding |= entry.status == "confirmed";
      is_doubtful |= entry.group.kind != kEndsByDesign;
      if (std::find(site.findings.begin(), site.findings.end(), index) == site.findings.end()) {
        site.findings.push_back(index);
        entry.sites.push_back(site_index);
      }
    }
    const std::string_view verdict = is_finding    ? "finding"
                                     : is_doubtful ? "doubtful"
                                                   : std::string_view(run.outcome);
    if (RankIn(kSiteVerdicts, verdict) < RankIn(kSiteVerdicts, site.verdict)) {
      site.verdict = verdict;
    }
  }

  void AddCauses() {
    std::vector<const FindingGroup*> groups;
    for (const DigestFinding& finding : digest_.findings) {
      groups.push_back(&finding.group);
    }
    for (const CauseGroup& cause : GroupByCause(groups)) {
      const std::string& title = groups[cause.members.front()]->title;
      digest_.causes.push_back({cause.text.empty() ? title : cause.text, cause.members});
    }
  }

  void AddCoverage() {
    for (Store::Census::Point& point : store_.Points()) {
      if (point.status == "never called") {
        digest_.never_called.push_back(std::move(point));
      } else if (point.status != "called") {
        digest_.not_hooked.push_back(std::move(point));
      }
    }
    for (const auto& [hash, text] : store_.Nondeterministic()) {
      digest_.nondeterministic.push_back(text);
    }
    if (const std::string lost = TellLostSignals(store_.Runs()); !lost.empty()) {
      digest_.notes.push_back(lost);
    }
    for (StoredLine& line : store_.Lines()) {
      ++digest_.lines;
      if (line.reached != StoredLine::Reached::kFaultFree) {
        digest_.lines_not_reached.push_back(std::move(line));
      }
    }
  }

  Store& store_;
  const Baseline& baseline_;
  const bool assumed_too_;
  SweepDigest digest_;
  std::map<std::string, size_t> by_hash_;
};

}  // namespace

bool SweepDigest::passed() const {
  return std::none_of(findings.begin(), findings.end(),
                      [](const DigestFinding& finding) { return finding.fails; });
}

std::string SweepDigest::Verdict() const {
  size_t failing = 0;
  size_t known = 0;
  size_t by_design = 0;
  std::set<size_t> failing_causes;
  std::map<std::string, size_t> failing_statuses;
  for (size_t cause = 0; cause < causes.size(); ++cause) {
    for (const size_t index : causes[cause].findings) {
      const DigestFinding& finding = findings[index];
      known += finding.known != nullptr ? 1 : 0;
      by_design += finding.known == nullptr && finding.group.kind == kEndsByDesign ? 1 : 0;
      if (findings[index].fails) {
        ++failing;
        ++failing_statuses[finding.status];
        failing_causes.insert(cause);
      }
    }
  }
  const auto plural = [](size_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
  };
  std::vector<std::string> parts;
  if (failing == 0) {
    parts.push_back("no findings that fail");
  } else {
    const bool all_confirmed =
        failing_statuses.size() == 1 && failing_statuses.contains("confirmed");
    const bool all_seen = failing_statuses.size() == 1 && failing_statuses.contains("seen");
    std::string text = fmt::format("{}{}{} by {}", failing, all_confirmed ? " confirmed" : "",
                                   failing == 1 ? " finding" : " findings",
                                   plural(failing_causes.size(), "cause", "causes"));
    if (!all_confirmed && !all_seen) {  // a flaky crash fails a command too
      std::vector<std::string> counts;
      for (const auto& [status, count] : failing_statuses) {
        counts.push_back(fmt::format("{} {}", count, status));
      }
      text += fmt::format(" ({})", fmt::join(counts, ", "));
    }
    parts.push_back(text);
  }
  if (known > 0) {
    parts.push_back(fmt::format("{} known", known));
  }
  if (by_design > 0) {
    parts.push_back(fmt::format("{} by design", by_design));
  }
  if (const size_t rest = findings.size() - failing - known - by_design; rest > 0) {
    parts.push_back(fmt::format("{} not confirmed", rest));
  }
  if (runs == 0 && findings.empty()) {
    return "nothing was visited";  // which says nothing of the target
  }
  return findings.empty() ? "no findings" : fmt::format("{}", fmt::join(parts, ", "));
}

SweepDigest MakeDigest(Store& store, const Baseline& baseline, bool assumed_too) {
  return Digester(store, baseline, assumed_too).Make();
}

std::vector<std::pair<std::string, std::string>> StacksOf(const DigestFinding& finding,
                                                          const SweepDigest& digest) {
  std::vector<std::pair<std::string, std::string>> stacks;
  const auto add = [&](std::string_view name, const std::string& stack) {
    if (!stack.empty() && stack != "[]") {
      stacks.emplace_back(name, stack);
    }
  };
  Stack failed_call;
  if (!finding.sites.empty()) {
    const std::string& stored = digest.sites[finding.sites.front()].site.stack;
    add(kFailedCallName, stored);
    failed_call = FramesOf(stored);
  }
  add(StackName(finding.group.kind, finding.group.signature, FramesOf(finding.finding.stack),
                failed_call),
      finding.finding.stack);
  const json evidence = json::parse(finding.run.evidence, nullptr, /*allow_exceptions=*/false);
  if (evidence.is_object() && evidence.contains("threads") && evidence["threads"].is_array()) {
    for (const json& thread : evidence["threads"]) {
      if (thread.is_object() && thread.value("crashed", false) && thread.contains("stack")) {
        add("Thread that died", thread["stack"].dump());
        break;
      }
    }
  }
  return stacks;
}

}  // namespace faultline
