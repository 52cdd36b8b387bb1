#include "harness/scenario/load_catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "harness/scenario/document.h"
#include "harness/scenario/inherit.h"
#include "harness/scenario/load_hooked.h"
#include "harness/scenario/load_observer.h"
#include "harness/scenario/nearest_word.h"
#include "harness/scenario/parents.h"

namespace faultline {
namespace {

// Catalogues have no variables of their own.
const Variables kNoVariables;

template <typename Reader>
void ReadEach(MapReader& document, std::string_view key, const HookTarget& target, Reader read) {
  const YamlValue* all = document.Find(key);
  if (all == nullptr) {
    return;
  }
  if (all->kind != YamlValue::Kind::kMap) {
    ReportWrongType(*all, fmt::format("`{}`", key), "a map by name", document.context());
    return;
  }
  for (const YamlValue::Entry& entry : all->entries) {
    read(entry, target, document.context());
  }
}

void CheckErrorVariables(const Catalogue& catalogue, Diagnostics& diagnostics) {
  std::vector<std::string> known;
  for (const auto& [name, symbol] : catalogue.error_variables) {
    known.push_back(name);
  }
  for (const FaultPoint& point : catalogue.points) {
    for (const auto& [name, value] : point.failure.error_variables) {
      if (!catalogue.error_variables.contains(name)) {
        diagnostics.Add(point.position,
                        fmt::format("point `{}` sets `{}`, which no `error_variables` declares{}",
                                    point.name, name, DidYouMean(name, known)));
      }
    }
  }
}

// `benign`, `cannot_fail`: a list of {point, callers, why}.
void ReadCallPatterns(MapReader& document, const char* key, bool callers_required,
                      std::vector<CallPattern>& patterns) {
  const YamlValue* list = document.Find(key);
  if (list == nullptr) {
    return;
  }
  if (list->kind != YamlValue::Kind::kSequence) {
    ReportWrongType(*list, fmt::format("`{}`", key), "a list of {point, callers, why}",
                    document.context());
    return;
  }
  for (const YamlPtr& item : list->items) {
    CallPattern pattern;
    pattern.position = item->position;
    MapReader map(*item, fmt::format("an entry of `{}`", key), document.context());
    map.Require("point");
    map.Text("point", pattern.point);
    if (callers_required) {
      map.Require("callers");
    }
    map.SomeTexts("callers", pattern.callers, "functions on the stack");
    if (pattern.point == "*" && pattern.callers.empty()) {
      document.context().diagnostics.Add(
          item->position,
          fmt::format("`{}` of every point: nothing is left to judge; expected points or `callers`",
                      key));
    }
    map.Require("why");
    map.Text("why", pattern.why);
    map.Finish();
    patterns.push_back(std::move(pattern));
  }
}

// A point that no file has is a slip of the pen.
void CheckCallPatterns(const Catalogue& catalogue, const char* key,
                       const std::vector<CallPattern>& patterns, Diagnostics& diagnostics) {
  std::vector<std::string> known;
  for (const FaultPoint& point : catalogue.points) {
    known.push_back(point.name);
  }
  for (const CallPattern& pattern : patterns) {
    if (!pattern.point.empty() &&
        std::none_of(known.begin(), known.end(),
                     [&](const std::string& name) { return pattern.Covers(name); })) {
      diagnostics.Add(pattern.position,
                      fmt::format("`{}`: unknown fault point `{}`{}", key, pattern.point,
                                  DidYouMean(pattern.point, known)));
    }
  }
}

// `allocations`: groups of this file's points.
void ReadAllocations(MapReader& document, Catalogue& catalogue) {
  std::vector<std::string> groups;
  document.Texts("allocations", groups);
  std::vector<std::string> known;
  for (const FaultPoint& point : catalogue.points) {
    known.push_back(GroupOf(point.name));
  }
  for (const std::string& group : groups) {
    if (std::find(known.begin(), known.end(), group) == known.end()) {
      document.context().diagnostics.Add(
          document.KeyPosition("allocations"),
          fmt::format("`allocations`: no fault point is of the group `{}`{}", group,
                      DidYouMean(group, known)));
    }
  }
  catalogue.allocations.insert(catalogue.allocations.end(), groups.begin(), groups.end());
}

const InheritedKeys& InheritedByCatalogue() {
  static const InheritedKeys kKeys = {
      .lists = {"wrappers", "abort_helpers", "allocations", "benign", "cannot_fail"},
      .maps = {},
      .joined_maps = {"points", "observers", "error_variables"},
      .or_one = {"wrappers", "abort_helpers", "allocations"}};
  return kKeys;
}

// What the file says for all its points, or what holds where it says nothing.
YamlValue::Entry StandardOf(const YamlValue& root, const std::string& key) {
  if (const YamlValue::Entry* said = root.Find(key); said != nullptr) {
    return *said;
  }
  auto value = std::make_shared<YamlValue>();
  value->kind = YamlValue::Kind::kScalar;
  value->position = root.position;
  value->text = key == "kind" ? "derived" : "";
  return {key, root.position, value};
}

// `module` and `kind` of a file are those of its own points, so they are written into each of them
// before another file inherits these.
YamlPtr WithOwnDefaults(const YamlPtr& root) {
  auto plain = std::make_shared<YamlValue>(*root);
  for (const std::string key : {"module", "kind"}) {
    const YamlValue::Entry standard = StandardOf(*root, key);
    for (YamlValue::Entry& group : plain->entries) {
      const bool has_it = group.key == "points" || (group.key == "observers" && key == "module");
      if (!has_it || group.value->kind != YamlValue::Kind::kMap) {
        continue;
      }
      auto entries = std::make_shared<YamlValue>(*group.value);
      for (YamlValue::Entry& entry : entries->entries) {
        if (entry.value->kind == YamlValue::Kind::kMap && entry.value->Find(key) == nullptr) {
          auto point = std::make_shared<YamlValue>(*entry.value);
          point->entries.push_back(standard);
          entry.value = point;
        }
      }
      group.value = entries;
    }
    std::erase_if(plain->entries, [&](const YamlValue::Entry& entry) { return entry.key == key; });
  }
  return plain;
}

// A catalogue file as YAML, and what was wrong with that.
struct ParsedFile {
  YamlPtr root;
  Diagnostics diagnostics;
};

ParsedFile Parse(const std::filesystem::path& file, const DataPath& data) {
  ParsedFile parsed;
  parsed.root = ReadYamlFile(file, parsed.diagnostics);
  if (parsed.root != nullptr) {
    parsed.root = WithParents(parsed.root, file, data,
                              {DataKind::kCatalogue, InheritedByCatalogue(), WithOwnDefaults},
                              parsed.diagnostics);
  }
  return parsed;
}

void Append(const ParsedFile& parsed, Catalogue& catalogue, Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : parsed.diagnostics.all()) {
    diagnostics.Add(diagnostic.position, diagnostic.message);
  }
  if (parsed.root == nullptr) {
    return;
  }
  ReadContext context{diagnostics, kNoVariables};
  MapReader document(*parsed.root, "a catalogue", context);
  if (!CheckVersion(document)) {
    return;
  }
  std::string summary;
  document.Text("summary", summary);
  document.Find("extends");
  document.TextMap("error_variables", catalogue.error_variables, SubstituteStage::kFinal);
  std::vector<std::string> wrappers;
  document.Texts("wrappers", wrappers);
  catalogue.wrappers.insert(catalogue.wrappers.end(), wrappers.begin(), wrappers.end());
  std::vector<std::string> helpers;
  document.Texts("abort_helpers", helpers);
  catalogue.abort_helpers.insert(catalogue.abort_helpers.end(), helpers.begin(), helpers.end());
  HookTarget target{catalogue, ""};
  document.Text("module", target.module);
  ReadKind(document, target.kind);
  ReadEach(document, "points", target, ReadPoint);
  ReadAllocations(document, catalogue);
  ReadEach(document, "observers", target, ReadObserver);
  ReadCallPatterns(document, "benign", /*callers_required=*/false, catalogue.benign);
  ReadCallPatterns(document, "cannot_fail", /*callers_required=*/true, catalogue.cannot_fail);
  document.Finish();
}

}  // namespace

void LoadCatalogueFile(const std::filesystem::path& file, const DataPath& data,
                       Catalogue& catalogue, Diagnostics& diagnostics) {
  Append(Parse(file, data), catalogue, diagnostics);
  CheckErrorVariables(catalogue, diagnostics);
  CheckCallPatterns(catalogue, "benign", catalogue.benign, diagnostics);
  CheckCallPatterns(catalogue, "cannot_fail", catalogue.cannot_fail, diagnostics);
}

Catalogue LoadCatalogue(const DataPath& data, const std::vector<std::string>& names,
                        Diagnostics& diagnostics, const SourcePosition& asked_at) {
  Catalogue catalogue;
  std::vector<std::string> seen;
  for (const std::string& name : names) {
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      diagnostics.Add(asked_at, fmt::format("catalogue `{}` is named twice", name));
      continue;
    }
    seen.push_back(name);
    if (const auto file = data.Find(DataKind::kCatalogue, name, asked_at, diagnostics)) {
      Append(Parse(*file, data), catalogue, diagnostics);
    }
  }
  CheckErrorVariables(catalogue, diagnostics);
  CheckCallPatterns(catalogue, "benign", catalogue.benign, diagnostics);
  CheckCallPatterns(catalogue, "cannot_fail", catalogue.cannot_fail, diagnostics);
  return catalogue;
}

Catalogue LoadCatalogue(const DataPath& data, const std::vector<std::string>& names) {
  Diagnostics diagnostics;
  Catalogue catalogue = LoadCatalogue(data, names, diagnostics);
  diagnostics.ThrowIfAny();
  return catalogue;
}

Catalogue LoadCatalogueOf(const Profile& profile, const DataPath& data, Diagnostics& diagnostics) {
  Catalogue catalogue =
      LoadCatalogue(data, profile.catalogues, diagnostics, profile.catalogues_position);
  std::set<std::string> known;
  for (const Observer& observer : catalogue.observers) {
    known.insert(observer.registry);
  }
  for (const std::string& registry : profile.never_stays) {
    if (!known.contains(registry)) {
      diagnostics.Add(profile.never_stays_position,
                      fmt::format("no observer of this profile's catalogues has a registry `{}`{}",
                                  registry, DidYouMean(registry, {known.begin(), known.end()})));
    }
  }
  return catalogue;
}

}  // namespace faultline
