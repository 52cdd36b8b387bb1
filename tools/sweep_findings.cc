#include "tools/sweep_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "harness/report/table.h"
#include "harness/report/wrap.h"
#include "harness/store/causes.h"

namespace faultline {
namespace {

// What stands above a table.
const char* Meaning(FindingStatus status) {
  switch (status) {
    case FindingStatus::kConfirmed:
      return "came again in each of three runs";
    case FindingStatus::kFlaky:
      return "came again in some of three runs; only crashes fail this command";
    case FindingStatus::kUnproven:
      return "came in none of three more runs";
    case FindingStatus::kAssumed:
      return "nothing was seen to make the function fail that was made to fail; they fail this "
             "command only with --assumed";
    case FindingStatus::kByDesign:
      return "the target ended itself as its profile says that it may; they fail no command";
    case FindingStatus::kNotTried:
      break;
  }
  return "no runs were left to confirm them, or this machine was too busy: rerun the same command "
         "to resume";
}

const char* Word(const SweepEntry& entry) {
  if (entry.known != nullptr) {
    return "known";
  }
  return entry.is_new ? "new" : "";
}

std::string Again(const FindingGroup& group) {
  return group.tries == 0 ? "" : fmt::format("{}/{}", CameAgain(group), group.tries);
}

std::string What(const FindingGroup& group) {
  const std::string remark = StatusRemark(group);
  return remark.empty() ? group.title : fmt::format("{} ({})", group.title, remark);
}

const char* ProofWord(StoredProof::State state) {
  switch (state) {
    case StoredProof::State::kProven:
      return "proven";
    case StoredProof::State::kMissing:
      return "missing";
    case StoredProof::State::kNotNeeded:
      break;
  }
  return "not needed";
}

// Findings that share a cause stand below it.
std::string TableOf(const std::vector<const SweepEntry*>& entries,
                    const std::vector<CauseGroup>& causes, size_t width) {
  Table table({"finding", "kind", "plans", "sites", "again", "", "what"});
  for (const CauseGroup& cause : causes) {
    const bool shared = cause.members.size() > 1;
    if (shared) {
      table.AddRow({"", "cause", "", "", "", "", cause.text + ":"});
    }
    for (const size_t member : cause.members) {
      const FindingGroup& group = entries[member]->group;
      table.AddRow({group.id, group.kind, std::to_string(group.runs), std::to_string(group.sites),
                    Again(group), Word(*entries[member]), (shared ? "  " : "") + What(group)});
    }
  }
  return table.ToString(width);
}

size_t Count(const std::vector<SweepEntry>& entries, FindingStatus status) {
  return static_cast<size_t>(
      std::count_if(entries.begin(), entries.end(),
                    [status](const SweepEntry& entry) { return StatusOf(entry.group) == status; }));
}

}  // namespace

std::vector<SweepEntry> MakeSweepEntries(std::vector<FindingGroup> groups, const Baseline& baseline,
                                         bool assumed_too) {
  std::vector<SweepEntry> entries;
  for (FindingGroup& group : groups) {
    const BaselineEntry* known = baseline.Find(group.signature);
    const bool is_new = known == nullptr && FailsCommand(group, assumed_too);
    entries.push_back({std::move(group), known, is_new});
  }
  std::stable_sort(entries.begin(), entries.end(), [](const SweepEntry& a, const SweepEntry& b) {
    const auto rank = [](const SweepEntry& entry) {
      return std::tuple(StatusOf(entry.group), !entry.is_new, !entry.group.in_own_code);
    };
    return rank(a) < rank(b);
  });
  return entries;
}

std::string TellSweepEntries(const std::vector<SweepEntry>& entries, size_t width) {
  std::string text;
  for (const FindingStatus status : kFindingStatuses) {
    std::vector<const SweepEntry*> of_status;
    std::vector<const FindingGroup*> groups;
    for (const SweepEntry& entry : entries) {
      if (StatusOf(entry.group) == status) {
        of_status.push_back(&entry);
        groups.push_back(&entry.group);
      }
    }
    if (!groups.empty()) {
      text += "\n" +
              Wrapped(fmt::format("{}: {}: {}", StatusName(status), CountCauses(groups),
                                  Meaning(status)),
                      width) +
              TableOf(of_status, GroupByCause(groups), width);
    }
  }
  return text;
}

nlohmann::json ToJson(const SweepEntry& entry) {
  const FindingGroup& group = entry.group;
  nlohmann::json json = {
      {"id", group.id},
      {"kind", group.kind},
      {"title", group.title},
      {"signature", group.signature},
      {"cause", group.cause},
      {"status", StatusName(StatusOf(group))},
      {"known", entry.known != nullptr},
      {"new", entry.is_new},
      {"runs", group.runs},
      {"seen", group.seen},
      {"sites", group.sites},
      {"tries", group.tries},
      {"confirmed", group.confirmed},
      {"control", {{"tries", group.control_tries}, {"seen", group.control}}},
      {"without_signal", {{"tries", group.unsignalled_tries}, {"seen", group.unsignalled}}},
      {"proof",
       {{"state", ProofWord(group.proof.state)},
        {"text", group.proof.text},
        {"site", group.proof.site}}},
      {"plan", group.plan_key},
      {"scenario", group.scenario}};
  if (entry.known != nullptr) {
    json["note"] = entry.known->note;
    json["reference"] = entry.known->reference;
  }
  return json;
}

nlohmann::json CausesToJson(const std::vector<SweepEntry>& entries) {
  std::vector<const FindingGroup*> groups;
  for (const SweepEntry& entry : entries) {
    groups.push_back(&entry.group);
  }
  nlohmann::json json = nlohmann::json::array();
  for (const CauseGroup& cause : GroupByCause(groups)) {
    nlohmann::json ids = nlohmann::json::array();
    for (const size_t member : cause.members) {
      ids.push_back(groups[member]->id);
    }
    json.push_back({{"cause", cause.text}, {"findings", std::move(ids)}});
  }
  return json;
}

nlohmann::json CountByStatus(const std::vector<SweepEntry>& entries) {
  nlohmann::json json;
  for (const FindingStatus status : kFindingStatuses) {
    json[StatusName(status)] = Count(entries, status);
  }
  return json;
}

}  // namespace faultline
