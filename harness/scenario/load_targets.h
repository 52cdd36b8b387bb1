#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "harness/scenario/load_scenario.h"
#include "harness/scenario/map_reader.h"

// `targets` of a scenario: {NAME: {profile, extra_args, shares, ...}, ...}.
namespace faultline {

// What a profile's name means beside the scenario `file`, and the catalogues of that profile.
struct ProfileAndCatalogue {
  std::string name;  // the profile's, for copies of the scenario that lie elsewhere
  Profile profile;
  Catalogue catalogue;
};
ProfileAndCatalogue FindProfile(const std::string& name, const std::filesystem::path& file,
                                const DataPath& data, const Variables& variables,
                                const SourcePosition& asked_at, Diagnostics& diagnostics);

// `${NAME.WHAT}` for all targets of the scenario and all that a run knows of each.
SavedNames NamesOfTargets(const YamlValue& scenario);

// Empty when the scenario has no `targets`. `own` are the scenario's variables and --set.
std::vector<std::shared_ptr<Target>> ReadTargets(MapReader& scenario,
                                                 const std::filesystem::path& file,
                                                 const LoadOptions& options);

// `subject`, or --target: which of them sweeps visit. "" without targets.
std::string ReadSubject(MapReader& scenario, const std::vector<std::shared_ptr<Target>>& targets,
                        const LoadOptions& options);

}  // namespace faultline
