#include "harness/scenario/load_targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/scenario/load_catalogue.h"
#include "harness/scenario/load_common.h"
#include "harness/scenario/load_end.h"
#include "harness/scenario/load_profile.h"
#include "harness/scenario/nearest_word.h"

namespace faultline {
namespace {

constexpr size_t kMostTargets = 16;
// A part of the paths of sockets, of which there are 108 bytes.
constexpr size_t kLongestName = 24;

// What a scenario with `targets` says of each of them instead.
constexpr const char* kKeysOfTargets[] = {
    "profile",     "extra_args", "app_args",         "stop",
    "stop_signal", "stop_rpc",   "clean_exit_codes", "clean_signals"};

class TargetReader {
 public:
  TargetReader(const YamlValue::Entry& entry, const std::vector<std::string>& before,
               const std::filesystem::path& file, const LoadOptions& options, ReadContext& scenario)
      : entry_(entry), before_(before), file_(file), options_(options), scenario_(scenario) {}

  std::shared_ptr<Target> Read() {
    auto target = std::make_shared<Target>();
    target->name = entry_.key;
    target->position = entry_.key_position;
    CheckName();
    // Of the target's own, which are stronger than the scenario's but weaker than --set.
    Variables variables = options_.set;
    {
      ReadContext context{scenario_.diagnostics, variables, scenario_.lenient, scenario_.saved};
      MapReader map(*entry_.value, "a target", context);
      target->variables = ReadVariables(map);
    }
    variables.insert(target->variables.begin(), target->variables.end());
    variables.insert(scenario_.variables.begin(), scenario_.variables.end());
    ReadContext context{scenario_.diagnostics, variables, scenario_.lenient, scenario_.saved};
    MapReader map(*entry_.value, "a target", context);
    map.Find("variables");
    if (!map.is_map()) {
      return target;
    }
    ReadProfile(map, variables, *target);
    variables.insert(target->profile.variables.begin(), target->profile.variables.end());
    ReadArguments(map, "extra_args", target->extra_args);
    ReadArguments(map, "app_args", target->app_args);
    ReadEnvironment(map, target->environment);
    target->end = ReadEndRules(map);
    ApplyEndRules(target->end, target->profile);
    if (target->end.stop_rpc) {
      CheckEndRules(target->profile,
                    map.KeyPosition(map.Find("stop_rpc") != nullptr ? "stop_rpc" : "stop"),
                    scenario_.diagnostics);
    }
    ReadShares(map, *target);
    map.Finish();
    return target;
  }

 private:
  void CheckName() {
    if (!IsVariableName(entry_.key) || entry_.key.size() > kLongestName) {
      scenario_.diagnostics.Add(
          entry_.key_position,
          fmt::format("`{}` is no name of a target; expected at most {} lower-case letters, digits "
                      "and `_`",
                      entry_.key, kLongestName));
    }
  }

  void ReadProfile(MapReader& map, const Variables& variables, Target& target) {
    const YamlValue* profile = map.Require("profile");
    map.Text("profile", target.profile_name);
    if (!target.profile_name.empty()) {
      ProfileAndCatalogue found = FindProfile(
          target.profile_name, file_, options_.data, variables,
          profile == nullptr ? SourcePosition{} : profile->position, scenario_.diagnostics);
      target.profile_name = std::move(found.name);
      target.profile = std::move(found.profile);
      target.catalogue = std::move(found.catalogue);
    }
    map.Text("program", target.program);
    if (!target.program.empty()) {
      target.profile.program = target.program;
      target.profile.program_variable.clear();
    }
  }

  // {file_prefix: OTHER, cpu: OTHER}
  void ReadShares(MapReader& map, Target& target) {
    const YamlValue* shares = map.Find("shares");
    if (shares == nullptr) {
      return;
    }
    if (shares->kind != YamlValue::Kind::kMap) {
      ReportWrongType(*shares, "`shares`", "a map, as {file_prefix: OTHER_TARGET}", map.context());
      return;
    }
    for (const YamlValue::Entry& entry : shares->entries) {
      const std::vector<std::string>& things = SharedThings();
      if (std::find(things.begin(), things.end(), entry.key) == things.end()) {
        ReportUnknownWord(entry.key_position, "`shares`", entry.key, things, map.context());
        continue;
      }
      const auto other = ReadText(*entry.value, fmt::format("`{}`", entry.key), map.context());
      if (other && std::find(before_.begin(), before_.end(), *other) == before_.end()) {
        scenario_.diagnostics.Add(entry.value->position,
                                  fmt::format("`shares`: there is no target `{}` before `{}`{}",
                                              *other, target.name, DidYouMean(*other, before_)));
      } else if (other) {
        target.shares[entry.key] = *other;
      }
    }
  }

  const YamlValue::Entry& entry_;
  const std::vector<std::string>& before_;  // names of the targets before this one
  const std::filesystem::path& file_;
  const LoadOptions& options_;
  ReadContext& scenario_;
};

}  // namespace

ProfileAndCatalogue FindProfile(const std::string& name, const std::filesystem::path& file,
                                const DataPath& data, const Variables& variables,
                                const SourcePosition& asked_at, Diagnostics& diagnostics) {
  ProfileAndCatalogue found{name, {}, {}};
  const DataPath beside = data.Beside(file);
  found.profile = LoadProfile(beside, name, variables, diagnostics, asked_at);
  // A profile that only lies beside this scenario is named by its path: copies of the scenario, as
  // a sweep writes them for its findings, lie elsewhere.
  Diagnostics ignored;
  if (!found.profile.file.empty() &&
      (IsFilePath(name) ||
       data.Find(DataKind::kProfile, name, asked_at, ignored) != found.profile.file)) {
    found.name = std::filesystem::absolute(found.profile.file).lexically_normal();
  }
  const DataPath also_profile = data.Beside(found.profile.file);
  found.catalogue = LoadCatalogueOf(found.profile, also_profile.Beside(file), diagnostics);
  return found;
}

SavedNames NamesOfTargets(const YamlValue& scenario) {
  SavedNames names;
  const YamlValue::Entry* targets = scenario.Find("targets");
  if (targets == nullptr || targets->value->kind != YamlValue::Kind::kMap) {
    return names;
  }
  for (const YamlValue::Entry& target : targets->value->entries) {
    for (const std::string& name : RunTimeNames()) {
      names.insert(target.key + "." + name);
    }
  }
  return names;
}

std::vector<std::shared_ptr<Target>> ReadTargets(MapReader& scenario,
                                                 const std::filesystem::path& file,
                                                 const LoadOptions& options) {
  std::vector<std::shared_ptr<Target>> targets;
  const YamlValue* map = scenario.Find("targets");
  if (map == nullptr) {
    return targets;
  }
  ReadContext& context = scenario.context();
  if (map->kind != YamlValue::Kind::kMap || map->entries.empty() ||
      map->entries.size() > kMostTargets) {
    ReportWrongType(*map, "`targets`",
                    fmt::format("a map of at most {} NAME: {{profile: NAME, ...}}", kMostTargets),
                    context);
    return targets;
  }
  for (const char* key : kKeysOfTargets) {
    if (scenario.Find(key) != nullptr) {
      context.diagnostics.Add(
          scenario.KeyPosition(key),
          fmt::format("`{}` beside `targets`; expected it in one of the targets", key));
    }
  }
  if (!options.profile.empty()) {
    context.diagnostics.Add("--profile: the scenario names a profile for each of its `targets`");
  }
  std::vector<std::string> before;
  for (const YamlValue::Entry& entry : map->entries) {
    targets.push_back(TargetReader(entry, before, file, options, context).Read());
    before.push_back(entry.key);
  }
  return targets;
}

std::string ReadSubject(MapReader& scenario, const std::vector<std::shared_ptr<Target>>& targets,
                        const LoadOptions& options) {
  std::vector<std::string> names;
  for (const auto& target : targets) {
    names.push_back(target->name);
  }
  std::string subject = names.empty() ? "" : names.front();
  const YamlValue* value = scenario.Find("subject");
  scenario.Text("subject", subject);
  ReadContext& context = scenario.context();
  const auto is_known = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (value != nullptr && scenario.Find("targets") == nullptr) {
    context.diagnostics.Add(scenario.KeyPosition("subject"), "`subject` needs `targets`");
  } else if (value != nullptr && !is_known(subject)) {
    context.diagnostics.Add(value->position, fmt::format("`subject`: there is no target `{}`{}",
                                                         subject, DidYouMean(subject, names)));
  }
  if (!options.target.empty() && !is_known(options.target)) {
    context.diagnostics.Add(
        names.empty() ? fmt::format("--target {}: the scenario has no `targets`", options.target)
                      : fmt::format("--target {}: there is no such target{}", options.target,
                                    DidYouMean(options.target, names)));
  } else if (!options.target.empty()) {
    subject = options.target;
  }
  return subject;
}

}  // namespace faultline
