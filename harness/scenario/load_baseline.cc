#include "harness/scenario/load_baseline.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <iterator>

#include "harness/scenario/document.h"
#include "harness/scenario/map_reader.h"
#include "harness/scenario/same_bug.h"
#include "harness/scenario/yaml_reader.h"

namespace faultline {
namespace {

// A text without variables; absent leaves `out` alone.
void ReadPlain(MapReader& map, const std::string& key, std::string& out) {
  const YamlValue* value = map.Find(key);
  if (value == nullptr) {
    return;
  }
  if (value->kind != YamlValue::Kind::kScalar) {
    ReportWrongType(*value, fmt::format("`{}`", key), "a text", map.context());
    return;
  }
  out = value->text;
}

BaselineEntry ReadEntry(const YamlValue& value, ReadContext& context) {
  BaselineEntry entry;
  entry.position = value.position;
  MapReader map(value, "a known finding", context);
  map.Require("signature");
  map.Require("kind");
  ReadPlain(map, "signature", entry.signature);
  ReadPlain(map, "kind", entry.kind);
  if (const YamlValue* signature = map.Find("signature");
      signature != nullptr && signature->kind != YamlValue::Kind::kMap && entry.signature.empty()) {
    context.diagnostics.Add(signature->position,
                            "`signature` is empty; expected the one that `faultline` prints");
  }
  ReadPlain(map, "note", entry.note);
  ReadPlain(map, "reference", entry.reference);
  if (const YamlValue* sometimes = map.Find("sometimes"); sometimes != nullptr) {
    entry.sometimes = ReadBool(*sometimes, "`sometimes`", context).value_or(false);
  }
  map.SomeTexts("scenarios", entry.scenarios, "scenarios, as `folder/name`");
  if (NamesAnyPlace(entry.signature) && entry.scenarios.empty()) {
    context.diagnostics.Add(entry.position,
                            fmt::format("`{}` holds wherever it comes; say of which "
                                        "`scenarios`",
                                        entry.signature));
  }
  // The words of a scenario, of which an expectation tells, may hold anything.
  if (entry.kind != "expectation" && MisusesAnyPlace(entry.signature)) {
    context.diagnostics.Add(entry.position,
                            fmt::format("`{}` is no signature: `*` stands for a whole place, as in "
                                        "`crash: SIGSEGV wild pointer @ *`, or for nothing",
                                        entry.signature));
  }
  map.Finish();
  return entry;
}

void ReadEntries(const YamlValue& list, ReadContext& context, Baseline& baseline) {
  if (list.kind != YamlValue::Kind::kSequence) {
    ReportWrongType(list, "`findings`",
                    "a list of {kind, signature, note, reference, sometimes, scenarios}", context);
    return;
  }
  // Of other scenarios the same signature tells another bug.
  std::set<std::pair<std::string, std::vector<std::string>>> seen;
  for (const YamlPtr& item : list.items) {
    BaselineEntry entry = ReadEntry(*item, context);
    if (!entry.signature.empty() && !seen.insert({entry.signature, entry.scenarios}).second) {
      context.diagnostics.Add(entry.position,
                              fmt::format("signature `{}` is given twice", entry.signature));
    }
    baseline.entries.push_back(std::move(entry));
  }
}

bool Answers(const std::string& seen, const BaselineEntry& entry) {
  return !entry.elsewhere && MayBeSameBug(seen, entry.signature);
}

}  // namespace

const BaselineEntry* Baseline::Find(const std::string& signature) const {
  const auto exact = std::ranges::find_if(entries, [&](const BaselineEntry& entry) {
    return !entry.elsewhere && entry.signature == signature;
  });
  const auto found = exact != entries.end()
                         ? exact
                         : std::ranges::find_if(entries, [&](const BaselineEntry& entry) {
                             return Answers(signature, entry);
                           });
  return found == entries.end() ? nullptr : &*found;
}

std::vector<BaselineEntry> Baseline::Gone(const std::set<std::string>& seen) const {
  std::vector<BaselineEntry> gone;
  std::ranges::copy_if(entries, std::back_inserter(gone), [&](const BaselineEntry& entry) {
    return !entry.sometimes && !entry.elsewhere &&
           std::ranges::none_of(
               seen, [&](const std::string& signature) { return Answers(signature, entry); });
  });
  return gone;
}

void Baseline::UseFor(const std::filesystem::path& scenario) {
  std::filesystem::path path;  // a store of nothing knows no scenario
  if (!scenario.empty()) {
    path = std::filesystem::absolute(scenario).lexically_normal().replace_extension();
  }
  for (BaselineEntry& entry : entries) {
    entry.elsewhere = !entry.scenarios.empty() &&
                      std::ranges::none_of(entry.scenarios, [&](const std::string& pattern) {
                        return ::fnmatch(("*/" + pattern).c_str(), path.c_str(), 0) == 0;
                      });
  }
}

Baseline LoadBaseline(const std::filesystem::path& file, Diagnostics& diagnostics) {
  Baseline baseline;
  const YamlPtr root = ReadYamlFile(file, diagnostics);
  if (root == nullptr) {
    return baseline;
  }
  const Variables none;
  ReadContext context{diagnostics, none};
  MapReader map(*root, "a baseline", context);
  if (!CheckVersion(map)) {
    return baseline;
  }
  ReadPlain(map, "summary", baseline.summary);
  ReadPlain(map, "selection", baseline.selection);
  if (const YamlValue* findings = map.Require("findings"); findings != nullptr) {
    ReadEntries(*findings, context, baseline);
  }
  map.Finish();
  return baseline;
}

Baseline LoadBaseline(const std::filesystem::path& file) {
  Diagnostics diagnostics;
  Baseline baseline = LoadBaseline(file, diagnostics);
  diagnostics.ThrowIfAny();
  return baseline;
}

}  // namespace faultline
