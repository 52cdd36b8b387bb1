#include "harness/sweep/baseline_writer.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace faultline {

std::string WriteBaseline(const std::vector<FindingGroup>& findings, const Baseline& known,
                          const std::string& scenario) {
  std::vector<FindingGroup> sorted = findings;
  std::sort(sorted.begin(), sorted.end(),
            [](const FindingGroup& a, const FindingGroup& b) { return a.signature < b.signature; });
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "faultline" << YAML::Value << 1;
  out << YAML::Key << "summary" << YAML::Value
      << (known.summary.empty() ? "Known findings of a sweep of " + scenario : known.summary);
  out << YAML::Key << "findings" << YAML::Value << YAML::BeginSeq;
  for (const FindingGroup& group : sorted) {
    const BaselineEntry* entry = known.Find(group.signature);
    const auto text = [&](const char* key, const std::string& value) {
      if (!value.empty()) {
        out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
      }
    };
    out << YAML::BeginMap << YAML::Key << "kind" << YAML::Value << group.kind;
    text("signature", group.signature);
    text("note", entry != nullptr && !entry->note.empty() ? entry->note : group.title);
    text("reference", entry != nullptr ? entry->reference : "");
    out << YAML::EndMap;
  }
  out << YAML::EndSeq << YAML::EndMap;
  return "# yaml-language-server: $schema=../schema/baseline.schema.json\n" +
         std::string(out.c_str()) + "\n";
}

}  // namespace faultline
