#include "harness/scenario/load_state_probes.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "harness/scenario/load_common.h"
#include "harness/scenario/nearest_word.h"
#include "harness/scenario/state_path.h"

namespace faultline {
namespace {

// The maps of the list at `key`; what is none is a mistake.
template <typename Read>
void ForEachMap(MapReader& map, std::string_view key, std::string_view expected, const Read& read) {
  const YamlValue* list = map.Find(key);
  if (list == nullptr) {
    return;
  }
  if (list->kind != YamlValue::Kind::kSequence) {
    ReportWrongType(*list, fmt::format("`{}`", key), expected, map.context());
    return;
  }
  for (const YamlPtr& item : list->items) {
    if (item->kind == YamlValue::Kind::kMap) {
      read(*item);
    } else {
      ReportWrongType(*item, fmt::format("an entry of `{}`", key), expected, map.context());
    }
  }
}

// A path of `volatile` or `only` that can name nothing.
void CheckPaths(const StateProbe& probe, const char* key, const std::vector<std::string>& paths,
                Diagnostics& diagnostics) {
  for (const std::string& path : paths) {
    const std::optional<std::vector<StatePathPart>> parts = SplitStatePath(path);
    if (!parts) {
      diagnostics.Add(probe.position,
                      fmt::format("`{}` of `{}`: expected members with dots between them, of which "
                                  "one that is a list may have [NAME] behind it: threads[app].busy",
                                  path, key));
    } else if (probe.keys.empty() &&
               std::any_of(parts->begin(), parts->end(),
                           [](const StatePathPart& part) { return part.is_element; })) {
      diagnostics.Add(probe.position, fmt::format("`{}` of `{}` names an element, and there are no "
                                                  "`keys` by which elements have names",
                                                  path, key));
    }
  }
}

StateProbe ReadProbe(const YamlValue& item, ReadContext& context) {
  StateProbe probe;
  probe.position = item.position;
  MapReader reader(item, "a state probe", context);
  reader.Require("rpc");
  reader.Text("rpc", probe.call.method);
  ReadParams(reader, probe.call.params);
  reader.Texts("keys", probe.keys);
  reader.Texts("volatile", probe.not_state);
  reader.SomeTexts("only", probe.only, "members that are state");
  reader.Bool("promised", probe.promised);
  reader.Finish();
  CheckPaths(probe, "volatile", probe.not_state, context.diagnostics);
  CheckPaths(probe, "only", probe.only, context.diagnostics);
  for (const std::string& path : probe.not_state) {
    if (path.find_first_not_of("*.") == std::string::npos) {
      context.diagnostics.Add(reader.Find("volatile")->position,
                              fmt::format("`{}` of `volatile` is every member, so that no answer "
                                          "differs; expected members that are no state",
                                          path));
    }
  }
  return probe;
}

PartialFailure ReadPartialFailure(const YamlValue& item, ReadContext& context) {
  PartialFailure partial;
  partial.position = item.position;
  MapReader reader(item, "a partial failure", context);
  reader.Require("rpc");
  reader.Text("rpc", partial.method);
  if (partial.method == "*") {
    ReportWrongType(*reader.Find("rpc"), "`rpc`",
                    "a method, or the beginning of some with a `*` behind it: all of them may do "
                    "in part what they are asked for, and nothing is left to judge",
                    context);
  }
  reader.SomeTexts("probes", partial.probes, "methods of state probes");
  reader.Bool("again", partial.again);
  reader.Require("note");
  reader.Text("note", partial.note);
  reader.Finish();
  return partial;
}

std::vector<std::string> MethodsOf(const std::vector<StateProbe>& probes) {
  std::vector<std::string> methods;
  for (const StateProbe& probe : probes) {
    methods.push_back(probe.call.method);
  }
  return methods;
}

void CheckProbes(const Profile& profile, Diagnostics& diagnostics) {
  const std::vector<std::string> methods = MethodsOf(profile.state_probes);
  for (size_t i = 0; i < methods.size(); ++i) {
    if (std::find(methods.begin(), methods.begin() + static_cast<ptrdiff_t>(i), methods[i]) !=
        methods.begin() + static_cast<ptrdiff_t>(i)) {
      diagnostics.Add(profile.state_probes[i].position,
                      fmt::format("`{}` is a state probe twice", methods[i]));
    }
  }
  if (!methods.empty() && !profile.rpc) {
    diagnostics.Add(profile.state_probes.front().position, "`state_probes` needs `rpc: true`");
  }
  for (const PartialFailure& partial : profile.partial_failures) {
    for (const std::string& probe : partial.probes) {
      if (std::find(methods.begin(), methods.end(), probe) == methods.end()) {
        diagnostics.Add(partial.position, fmt::format("there is no state probe `{}`{}", probe,
                                                      DidYouMean(probe, methods)));
      }
    }
  }
}

}  // namespace

void ReadStateProbes(MapReader& map, Profile& profile) {
  ForEachMap(map, "state_probes", "a list of {rpc, params, keys, volatile, only, promised}",
             [&](const YamlValue& item) {
               profile.state_probes.push_back(ReadProbe(item, map.context()));
             });
  ForEachMap(map, "partial_failures", "a list of {rpc, probes, again, note}",
             [&](const YamlValue& item) {
               profile.partial_failures.push_back(ReadPartialFailure(item, map.context()));
             });
  CheckProbes(profile, map.context().diagnostics);
}

bool PartialFailure::Covers(const std::string& other) const {
  return method.ends_with('*') ? other.starts_with(method.substr(0, method.size() - 1))
                               : other == method;
}

bool PartialFailure::Allows(const std::string& probe) const {
  return probes.empty() || std::find(probes.begin(), probes.end(), probe) != probes.end();
}

}  // namespace faultline
