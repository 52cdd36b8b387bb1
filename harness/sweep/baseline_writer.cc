#include "harness/sweep/baseline_writer.h"

#include <yaml-cpp/yaml.h>

#include <map>
#include <utility>

#include "harness/scenario/same_bug.h"
#include "harness/store/status.h"

namespace faultline {
namespace {

void Write(YAML::Emitter& out, const BaselineEntry& entry) {
  const auto text = [&](const char* key, const std::string& value) {
    if (!value.empty()) {
      out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
    }
  };
  out << YAML::BeginMap << YAML::Key << "kind" << YAML::Value << entry.kind;
  text("signature", entry.signature);
  text("note", entry.note);
  text("reference", entry.reference);
  if (entry.sometimes) {
    out << YAML::Key << "sometimes" << YAML::Value << true;
  }
  if (!entry.scenarios.empty()) {
    out << YAML::Key << "scenarios" << YAML::Value << YAML::Flow << entry.scenarios;
  }
  out << YAML::EndMap;
}

BaselineEntry EntryFor(const FindingGroup& group, const BaselineEntry* known) {
  BaselineEntry entry = known != nullptr ? *known : BaselineEntry();
  entry.kind = group.kind;
  entry.signature = group.signature;
  entry.note = entry.note.empty() ? group.title : entry.note;
  entry.sometimes |= group.confirmed < group.tries;
  return entry;
}

}  // namespace

std::string WriteBaseline(const std::vector<FindingGroup>& findings, const Baseline& known,
                          const std::string& scenario, const std::string& selection,
                          bool assumed_too, const std::string& schema) {
  std::map<std::pair<std::string, std::vector<std::string>>, BaselineEntry> entries;
  const auto keep = [&](const BaselineEntry& entry) {
    entries[{entry.signature, entry.scenarios}] = entry;
  };
  for (const BaselineEntry& entry : known.entries) {
    if (entry.sometimes || entry.elsewhere) {
      keep(entry);
    }
  }
  for (const FindingGroup& group : findings) {
    if (FailsCommand(group, assumed_too) || StatusOf(group) == FindingStatus::kFlaky) {
      const BaselineEntry* entry = known.Find(group.signature);
      keep(entry != nullptr && NamesAnyPlace(entry->signature) ? *entry : EntryFor(group, entry));
    }
  }
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "faultline" << YAML::Value << 1;
  out << YAML::Key << "summary" << YAML::Value
      << (known.summary.empty() ? "Known findings of a sweep of " + scenario : known.summary);
  out << YAML::Key << "selection" << YAML::Value << YAML::DoubleQuoted << selection;
  out << YAML::Key << "findings" << YAML::Value << YAML::BeginSeq;
  for (const auto& [key, entry] : entries) {
    Write(out, entry);
  }
  out << YAML::EndSeq << YAML::EndMap;
  return (schema.empty() ? "" : "# yaml-language-server: $schema=" + schema + "\n") +
         std::string(out.c_str()) + "\n";
}

}  // namespace faultline
