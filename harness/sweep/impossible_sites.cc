#include "harness/sweep/impossible_sites.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/files.h"
#include "harness/planner/startup_libraries.h"
#include "harness/protocol/layout.h"
#include "harness/run/module_cache.h"
#include "harness/run/run_keys.h"

namespace faultline {
namespace {

// Of the file, and of the rules by which answers are found (proof.h).
constexpr int kVersion = 1;

bool IsMadeBy(const StoredSite& site, const std::string& function) {
  return site.place.starts_with(function) && (site.place.size() == function.size() ||
                                              site.place.compare(function.size(), 3, " < ") == 0);
}

}  // namespace

const CallPattern* NeverFails(const StoredSite& site, const Catalogue& catalogue) {
  for (const CallPattern& pattern : catalogue.cannot_fail) {
    if (pattern.Covers(site.point) &&
        std::any_of(pattern.callers.begin(), pattern.callers.end(),
                    [&](const std::string& caller) { return IsMadeBy(site, caller); })) {
      return &pattern;
    }
  }
  return nullptr;
}

ImpossibleSites::ImpossibleSites(const std::filesystem::path& cache_dir, const std::string& key) {
  if (!cache_dir.empty()) {
    file_ = cache_dir / "impossible" / (key + ".json");
  }
}

std::map<std::string, std::string> ImpossibleSites::Load() const {
  if (file_.empty()) {
    return {};
  }
  const nlohmann::json json =
      nlohmann::json::parse(ReadFile(file_).value_or(""), nullptr, /*allow_exceptions=*/false);
  try {
    if (json.at("version") == kVersion) {
      return json.at("sites").get<std::map<std::string, std::string>>();
    }
  } catch (const nlohmann::json::exception&) {
    // Written by another version, or damaged: as if it were not there.
  }
  return {};
}

void ImpossibleSites::Add(const std::map<std::string, std::string>& sites) const {
  if (file_.empty() || sites.empty()) {
    return;
  }
  std::map<std::string, std::string> all = sites;
  all.merge(Load());
  const nlohmann::json json = {{"version", kVersion}, {"sites", all}};
  WriteCacheFileAtomically(
      file_, json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::string ImpossibleSitesKey(const std::filesystem::path& program, const Scenario& scenario,
                               const Profile& profile, const Catalogue& catalogue,
                               const std::filesystem::path& cache_dir) {
  std::vector<std::string> environment;
  for (const auto& [name, value] : profile.environment) {
    environment.push_back(name + "=" + value);
  }
  const std::string program_key = ProgramKey(program);
  const auto at_start = StartupLibraries(program, environment, cache_dir);
  const auto late = ModuleCache(cache_dir, program_key).Recall();
  std::set<std::filesystem::path> libraries(at_start.begin(), at_start.end());
  libraries.insert(late.begin(), late.end());
  uint64_t hash = 0;
  for (const std::filesystem::path& library : libraries) {
    hash = protocol::HashMix(hash, protocol::HashText(ProgramKey(library)));
  }
  for (const FaultPoint& point : catalogue.points) {
    hash = protocol::HashMix(hash, protocol::HashText(point.name));
    hash = protocol::HashMix(hash, static_cast<uint64_t>(point.kind));
  }
  for (const CallPattern& pattern : catalogue.cannot_fail) {
    hash = protocol::HashMix(hash, protocol::HashText(pattern.point));
    for (const std::string& caller : pattern.callers) {
      hash = protocol::HashMix(hash, protocol::HashText(caller));
    }
  }
  return fmt::format("{}-{}-{:016x}", program_key, ScenarioKey(scenario, profile), hash);
}

}  // namespace faultline
