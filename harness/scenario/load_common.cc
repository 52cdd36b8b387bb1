#include "harness/scenario/load_common.h"
#include "harness/scenario/reserved_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace faultline {

void ReadArguments(MapReader& map, std::string_view key, std::vector<std::string>& out) {
  const YamlValue* list = map.Find(key);
  if (list == nullptr) {
    return;
  }
  const std::string what = fmt::format("`{}`", key);
  if (list->kind != YamlValue::Kind::kSequence) {
    ReportWrongType(*list, what, "a list of arguments", map.context());
    return;
  }
  for (const YamlPtr& item : list->items) {
    std::vector<std::string> texts =
        ReadTexts(*item, what, map.context(), SubstituteStage::kKeepForRun);
    const bool is_group = item->kind == YamlValue::Kind::kSequence;
    if (is_group && std::find(texts.begin(), texts.end(), "") != texts.end()) {
      continue;
    }
    out.insert(out.end(), texts.begin(), texts.end());
  }
}

Variables ReadVariables(MapReader& map) {
  Variables variables;
  const YamlValue* all = map.Find("variables");
  if (all == nullptr) {
    return variables;
  }
  if (all->kind != YamlValue::Kind::kMap) {
    ReportWrongType(*all, "`variables`", "a map of texts", map.context());
    return variables;
  }
  for (const YamlValue::Entry& entry : all->entries) {
    if (!IsVariableName(entry.key)) {
      map.context().diagnostics.Add(
          entry.key_position,
          fmt::format("`{}` is no name of a variable; expected lower-case letters, digits and `_`",
                      entry.key));
    } else if (const std::string why = WhyReserved(entry.key); !why.empty()) {
      map.context().diagnostics.Add(entry.key_position, why);
    } else if (entry.value->kind != YamlValue::Kind::kScalar) {
      ReportWrongType(*entry.value, fmt::format("variable `{}`", entry.key), "a text",
                      map.context());
    } else {
      // As written: it may use variables, which are replaced where this one is used.
      variables[entry.key] = entry.value->text;
    }
  }
  return variables;
}

bool ReadLimits(MapReader& map, LimitsMs& limits) {
  const YamlValue* value = map.Find("limits");
  if (value == nullptr) {
    return false;
  }
  MapReader reader(*value, "`limits`", map.context());
  reader.DurationMs("start", limits.start);
  reader.DurationMs("rpc", limits.rpc);
  reader.DurationMs("stop", limits.stop);
  reader.Finish();
  return !value->entries.empty();
}

void ReadEnvironment(MapReader& map, std::map<std::string, std::string>& out) {
  map.TextMap("environment", out, SubstituteStage::kKeepForRun);
  for (const auto& [name, value] : out) {
    if (name.empty() || name.find('=') != std::string::npos) {
      map.context().diagnostics.Add(
          map.KeyPosition("environment"),
          fmt::format("`{}` is no name of an environment variable", name));
    }
  }
}

void ReadParams(MapReader& map, nlohmann::json& out) {
  const YamlValue* params = map.Find("params");
  if (params == nullptr) {
    return;
  }
  if (params->kind == YamlValue::Kind::kScalar) {
    ReportWrongType(*params, "`params`", "a map or a list", map.context());
  }
  out = ReadJson(*params, "`params`", map.context()).value_or(nullptr);
}

}  // namespace faultline
