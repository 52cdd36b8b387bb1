#include "harness/scenario/load_scenario.h"

#include <fmt/format.h>

#include <set>

#include "harness/base/failure.h"
#include "harness/scenario/check_references.h"
#include "harness/scenario/document.h"
#include "harness/scenario/extended_scenario.h"
#include "harness/scenario/finding_kinds.h"
#include "harness/scenario/lives_of_scenario.h"
#include "harness/scenario/load_common.h"
#include "harness/scenario/load_companions.h"
#include "harness/scenario/load_end.h"
#include "harness/scenario/load_faults.h"
#include "harness/scenario/load_step.h"
#include "harness/scenario/load_steps.h"
#include "harness/scenario/load_surroundings.h"
#include "harness/scenario/load_sweeps.h"
#include "harness/scenario/load_targets.h"
#include "harness/scenario/nearest_word.h"
#include "harness/scenario/reserved_names.h"

namespace faultline {
namespace {

constexpr int kMostCycles = 1'000;

void ReadResources(MapReader& map, Resources& resources, Surroundings& surroundings) {
  const YamlValue* value = map.Find("resources");
  if (value == nullptr) {
    return;
  }
  MapReader reader(*value, "`resources`", map.context());
  const auto read = [&](std::string_view key, std::optional<int>& out) {
    int megabytes = 0;
    reader.Integer(key, megabytes, 0, kMaxMegabytes);
    out = megabytes == 0 ? std::nullopt : std::optional<int>(megabytes);
  };
  read("hugetlbfs_mb", resources.hugetlbfs_mb);
  resources.no_hugetlbfs = reader.Find("hugetlbfs_mb") != nullptr && !resources.hugetlbfs_mb;
  read("hugepages_mb", resources.hugepages_mb);
  ReadDirectories(reader, surroundings);
  reader.Finish();
}

void ReadPrepare(MapReader& map, std::vector<CommandStep>& out) {
  const YamlValue* list = map.Find("prepare");
  if (list == nullptr) {
    return;
  }
  if (list->kind != YamlValue::Kind::kSequence) {
    ReportWrongType(*list, "`prepare`", "a list of {run: [PROGRAM, ARGUMENT ...]}", map.context());
    return;
  }
  for (const YamlPtr& item : list->items) {
    MapReader command(*item, "a command", map.context());
    out.push_back(ReadCommand(command));
    command.Finish();
  }
}

void ReadKnownFindings(MapReader& map, std::vector<KnownFinding>& out) {
  const YamlValue* list = map.Find("known_findings");
  if (list == nullptr) {
    return;
  }
  if (list->kind != YamlValue::Kind::kSequence) {
    ReportWrongType(*list, "`known_findings`", "a list of {kind, pattern, note}", map.context());
    return;
  }
  for (const YamlPtr& item : list->items) {
    KnownFinding finding;
    finding.position = item->position;
    MapReader reader(*item, "a known finding", map.context());
    reader.Require("kind");
    reader.Text("kind", finding.kind);
    reader.Pattern("pattern", finding.pattern);
    reader.Text("note", finding.note);
    reader.Finish();
    CheckFindingKind(finding.kind, FindingKinds(), "a known finding", reader.KeyPosition("kind"),
                     map.context().diagnostics);
    out.push_back(std::move(finding));
  }
}

void ReadTolerance(MapReader& map, Scenario& scenario) {
  scenario.tolerance =
      scenario.faults.empty() ? Tolerance::kMustSucceed : Tolerance::kMayFailCleanly;
  if (const YamlValue* value = map.Find("tolerance"); value != nullptr) {
    scenario.tolerance = ReadToleranceWord(*value, map.context()).value_or(scenario.tolerance);
  }
}

void ReadNetwork(MapReader& map, Network& network) {
  static const Words<Network> kNetworks = {{"own", Network::kOwn}, {"host", Network::kHost}};
  if (const YamlValue* value = map.Find("network"); value != nullptr) {
    network = ReadWord(*value, "network", map.context(), kNetworks).value_or(network);
  }
}

void CheckSet(const Variables& set, const std::set<std::string>& declared,
              Diagnostics& diagnostics) {
  const std::vector<std::string> known(declared.begin(), declared.end());
  for (const auto& [name, value] : set) {
    if (!declared.contains(name)) {
      diagnostics.Add(fmt::format("--set {}: neither profile nor scenario has such a variable{}",
                                  name, DidYouMean(name, known)));
    }
  }
}

// Profile, steps and catalogue, which all depend on the variables.
class ScenarioReader {
 public:
  ScenarioReader(MapReader& map, const LoadOptions& options, const Variables& own,
                 LoadedScenario& loaded, SavedNames& saved)
      : map_(map), options_(options), own_(own), loaded_(loaded), saved_(saved) {}

  void ReadProfile(Diagnostics& diagnostics) {
    Scenario& scenario = loaded_.scenario;
    targets_ = ReadTargets(map_, scenario.file, options_);
    scenario.subject = ReadSubject(map_, targets_, options_);
    if (map_.Find("targets") != nullptr) {
      TakeSubject();
      return;
    }
    const YamlValue* profile = map_.Require("profile");
    map_.Text("profile", scenario.profile);
    SourcePosition asked_at = profile == nullptr ? SourcePosition{} : profile->position;
    if (profile != nullptr && profile->kind == YamlValue::Kind::kScalar && profile->text.empty()) {
      diagnostics.Add(asked_at, "`profile` is ``; expected the name of a profile");
    }
    if (!options_.profile.empty()) {
      scenario.profile = options_.profile;
      asked_at = {};
    }
    if (!scenario.profile.empty()) {
      ProfileAndCatalogue found = FindProfile(scenario.profile, scenario.file, options_.data,
                                              scenario.variables, asked_at, diagnostics);
      scenario.profile = std::move(found.name);
      loaded_.profile = std::move(found.profile);
      loaded_.catalogue = std::move(found.catalogue);
    }
    // What is weaker fills what is missing. The map's reader sees it: it holds a reference.
    scenario.variables.insert(loaded_.profile.variables.begin(), loaded_.profile.variables.end());
  }

  void ReadRest(Diagnostics& diagnostics) {
    Scenario& scenario = loaded_.scenario;
    map_.Text("summary", scenario.summary);
    map_.Text("name", scenario.name);
    if (map_.Find("targets") == nullptr) {
      ReadArguments(map_, "extra_args", scenario.extra_args);
      ReadArguments(map_, "app_args", scenario.app_args);
    }
    ReadEnvironment(map_, scenario.environment);
    if (map_.Find("targets") == nullptr) {
      ReadEndOfOnlyTarget(diagnostics);
    }
    ReadResources(map_, scenario.resources, scenario.surroundings);
    TakeHugetlbfs(scenario.resources);
    ReadSurroundings(map_, scenario.surroundings);
    scenario.limits_ms = loaded_.profile.limits_ms;
    scenario.limits_set = ReadLimits(map_, scenario.limits_ms);
    ReadPrepare(map_, scenario.prepare);
    scenario.companions = ReadCompanions(map_);
    ReadNetwork(map_, scenario.network);
    map_.Integer("repeat", scenario.cycles, 1, kMostCycles);
    loaded_.places = ReadSitePlaces(map_);
    std::set<std::string> declared;
    if (const YamlValue* steps = map_.Require("steps"); steps != nullptr) {
      LoadedSteps read = ReadSteps(*steps, {options_.data, options_.set, false, saved_},
                                   scenario.variables, diagnostics);
      scenario.steps = std::move(read.steps);
      declared = std::move(read.declared);
      saved_ = std::move(read.saved);
    }
    // Behind the steps: those that a fault does at a call may use what the steps have saved.
    scenario.faults = ReadFaults(map_);
    ReadTolerance(map_, scenario);
    map_.Bool("check_rolled_back", scenario.check_rolled_back);
    ReadSweeps(map_, loaded_.profile.sweeps);
    ReadKnownFindings(map_, scenario.known_findings);
    for (const auto& [name, value] : own_) {
      declared.insert(name);
    }
    for (const auto& [name, value] : loaded_.profile.variables) {
      declared.insert(name);
    }
    for (const auto& target : targets_) {
      for (const auto* variables : {&target->variables, &target->profile.variables}) {
        for (const auto& [name, value] : *variables) {
          declared.insert(name);
        }
      }
    }
    CheckSet(options_.set, declared, diagnostics);
  }

  std::vector<std::shared_ptr<Target>>& targets() { return targets_; }

 private:
  void ReadEndOfOnlyTarget(Diagnostics& diagnostics) {
    Scenario& scenario = loaded_.scenario;
    scenario.end = ReadEndRules(map_);
    ApplyEndRules(scenario.end, loaded_.profile);
    if (scenario.end.stop_rpc) {
      CheckEndRules(loaded_.profile,
                    map_.KeyPosition(map_.Find("stop_rpc") != nullptr ? "stop_rpc" : "stop"),
                    diagnostics);
    }
  }

  void TakeHugetlbfs(Resources& resources) const {
    int megabytes = targets_.empty() ? loaded_.profile.hugetlbfs_mb : 0;
    for (const auto& target : targets_) {
      megabytes += target->profile.hugetlbfs_mb;
    }
    if (megabytes != 0 && !resources.hugetlbfs_mb && !resources.no_hugetlbfs) {
      resources.hugetlbfs_mb = megabytes;
    }
  }

  // What the scenario says of its only target is that of the subject. Steps may use the variables
  // of all of them.
  void TakeSubject() {
    Scenario& scenario = loaded_.scenario;
    for (const auto& target : targets_) {
      if (target->name == scenario.subject) {
        scenario.profile = target->profile_name;
        loaded_.profile = target->profile;
        loaded_.catalogue = target->catalogue;
        scenario.extra_args = target->extra_args;
        scenario.app_args = target->app_args;
        scenario.end = target->end;
      }
    }
    for (const auto& target : targets_) {
      scenario.variables.insert(target->profile.variables.begin(), target->profile.variables.end());
    }
  }

  MapReader& map_;
  const LoadOptions& options_;
  const Variables& own_;  // the scenario's `variables`
  LoadedScenario& loaded_;
  SavedNames& saved_;  // by the steps, once they are read
  std::vector<std::shared_ptr<Target>> targets_;
};

}  // namespace

LoadedScenario LoadScenario(const std::filesystem::path& file, const LoadOptions& options,
                            Diagnostics& diagnostics) {
  LoadedScenario loaded;
  Scenario& scenario = loaded.scenario;
  scenario.file = file.string();
  scenario.name = file.stem();
  const YamlPtr written = ReadDocument(file, diagnostics, {kFileDir, kScenarioDir});
  if (written == nullptr) {
    return loaded;
  }
  const YamlPtr root = WithExtendedScenario(written, file, options.data, diagnostics);
  scenario.position = root->position;
  scenario.variables = options.set;
  SavedNames saved = NamesOfTargets(*root);
  ReadContext context{diagnostics, scenario.variables, false, &saved};
  MapReader map(*root, "a scenario", context);
  if (!CheckVersion(map)) {
    return loaded;
  }
  const Variables own = ReadVariables(map);
  scenario.variables.insert(own.begin(), own.end());
  scenario.variables[kScenarioDir] = DirectoryOf(file);  // for profiles and included steps
  ScenarioReader reader(map, options, own, loaded, saved);
  const size_t mistakes = diagnostics.count();
  reader.ReadProfile(diagnostics);
  const bool has_profile = diagnostics.count() == mistakes;
  reader.ReadRest(diagnostics);
  map.Finish();
  scenario.variables.erase(kScenarioDir);
  if (has_profile) {  // without it nothing that names what a profile has would be right
    CheckReferences(loaded, reader.targets(), diagnostics);
  }
  for (const std::shared_ptr<Target>& target : reader.targets()) {
    scenario.targets.push_back(target);
  }
  LayOutLives(scenario, diagnostics);
  return loaded;
}

LoadedScenario LoadScenario(const std::filesystem::path& file, const LoadOptions& options) {
  Diagnostics diagnostics;
  LoadedScenario loaded = LoadScenario(file, options, diagnostics);
  diagnostics.ThrowIfAny();
  return loaded;
}

void AddSetOption(const std::string& text, Variables& set) {
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  if (equals == std::string::npos || !IsVariableName(name)) {
    throw Failure::BadInput(fmt::format("--set {}: expected key=value", text));
  }
  if (const std::string why = WhyReserved(name); !why.empty()) {
    throw Failure::BadInput(fmt::format("--set {}: {}", text, why));
  }
  set[name] = text.substr(equals + 1);
}

}  // namespace faultline
