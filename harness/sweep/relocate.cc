#include "harness/sweep/relocate.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/run/fault_free.h"
#include "harness/run/seat.h"
#include "harness/sweep/site_list.h"
#include "harness/sweep/stack_json.h"

namespace faultline {
namespace {

// So many callers tell calls apart well enough where those further out have changed.
constexpr size_t kNearCallers = 4;

// Those of `point` at which `is_there` holds, in order of their first calls.
std::vector<StoredSite> SitesOf(const std::string& point, const std::vector<StoredSite>& sites,
                                const auto& is_there) {
  std::vector<StoredSite> found;
  for (const StoredSite& site : sites) {
    if (site.point == point && is_there(site)) {
      found.push_back(site);
    }
  }
  std::sort(found.begin(), found.end(),
            [](const StoredSite& a, const StoredSite& b) { return a.position < b.position; });
  return found;
}

std::string Near(const std::string& place) {
  size_t end = 0;
  for (size_t i = 0; i < kNearCallers && end != std::string::npos; ++i) {
    end = place.find(" < ", i == 0 ? 0 : end + 1);
  }
  return place.substr(0, end);
}

std::string Told(const SitePlace& place) {
  return fmt::format("{} in {}", place.point, Near(place.place));
}

// The same with `target` as the one whose calls are listed, `program` being the subject's so far.
LoadedScenario WithSubject(const LoadedScenario& loaded, const Target& target,
                           const std::filesystem::path& program) {
  LoadedScenario other = loaded;
  other.profile = target.profile;
  other.catalogue = target.catalogue;
  Scenario& scenario = other.scenario;
  scenario.subject = target.name;
  scenario.profile = target.profile_name;
  scenario.extra_args = target.extra_args;
  scenario.app_args = target.app_args;
  scenario.end = target.end;
  for (std::shared_ptr<const Target>& one : scenario.targets) {
    if (one->name == loaded.scenario.subject) {
      Target before = *one;
      before.program = program;
      before.profile.program = program;
      before.profile.program_variable.clear();
      one = std::make_shared<const Target>(std::move(before));
    }
  }
  return other;
}

// One run of `loaded` that looks for the sites at which its faults are not reached.
class Relocator {
 public:
  Relocator(const LoadedScenario& loaded, const ScenarioOptions& options,
            const std::vector<SitePlace>& places, Executor& executor)
      : moved_(loaded), options_(options), places_(places), executor_(executor) {}

  AnyBuildResult Run() {
    AnyBuildResult all;
    all.result = RunScenario(moved_, options_, executor_);
    if (all.result.broken_without_faults) {
      return all;
    }
    for (size_t i = 0; i < moved_.scenario.faults.size(); ++i) {
      const SitePlace* place = PlaceToFind(moved_.scenario.faults[i], all.result.evidence);
      if (place == nullptr) {
        continue;
      }
      const std::optional<StoredSite> found = FindByCallers(*place, SitesReached(i, place->point));
      if (found && found->hash == place->hash) {
        continue;  // this is the build, and this run did not come there
      }
      if (found) {
        moved_.scenario.faults[i].site = SiteHashValue(found->hash);
      }
      (found ? all.moved : all.lost).push_back(Told(*place));
      if (!found) {
        return all;
      }
    }
    if (!all.moved.empty()) {
      all.result = RunScenario(moved_, options_, executor_);
    }
    return all;
  }

 private:
  const SitePlace* PlaceToFind(const Fault& fault, const Evidence& evidence) const {
    const auto& missed = evidence.faults_not_reached;
    if (fault.site == 0 || std::find(missed.begin(), missed.end(), fault.id) == missed.end()) {
      return nullptr;
    }
    const std::string hash = SiteHashText(fault.site);
    const auto place = std::find_if(places_.begin(), places_.end(),
                                    [&](const SitePlace& one) { return one.hash == hash; });
    return place == places_.end() ? nullptr : &*place;
  }

  // The sites of `point` in a run in which the faults before the one with `index` happen: those
  // behind them may only be reached then.
  std::vector<StoredSite> SitesReached(size_t index, const std::string& point) {
    const std::string& name = moved_.scenario.faults[index].target;
    const Target* target = moved_.scenario.FindTarget(name);
    const bool is_subject = target == nullptr || name == moved_.scenario.subject;
    const LoadedScenario loaded =
        is_subject ? moved_ : WithSubject(moved_, *target, options_.program);
    const Scenario fault_free = FaultFreeScenario(loaded.scenario);
    Catalogue catalogue = loaded.catalogue;
    std::erase_if(catalogue.points, [&](const FaultPoint& one) { return one.name != point; });
    const auto& faults = moved_.scenario.faults;
    for (size_t i = 0; i < index; ++i) {
      if (const FaultPoint* earlier = loaded.catalogue.FindPoint(faults[i].point);
          catalogue.FindPoint(faults[i].point) == nullptr && earlier != nullptr) {
        catalogue.points.push_back(*earlier);
      }
    }
    RunRequest request{index == 0 ? fault_free : loaded.scenario, loaded.profile, catalogue};
    request.program = options_.program;
    if (!is_subject) {
      RunRequest all{moved_.scenario, moved_.profile, moved_.catalogue};
      all.program = options_.program;
      request.program = ProgramOf(*target, all);
    }
    request.agent = options_.agent;
    request.faults = {faults.begin(), faults.begin() + static_cast<std::ptrdiff_t>(index)};
    request.limits_ms = moved_.scenario.limits_ms;
    request.record_sites = true;
    request.run_root = options_.run_root;
    request.cache_dir = options_.cache_dir;
    Symbolizer symbolizer;
    return ListSitesOfLives(executor_.Execute(request), loaded.scenario.subject, faults[index].life,
                            catalogue, Nested::kAll, symbolizer);
  }

  LoadedScenario moved_;  // its faults at the sites of this build as far as they are known
  const ScenarioOptions& options_;
  const std::vector<SitePlace>& places_;
  Executor& executor_;
};

}  // namespace

std::string TellMoved(const AnyBuildResult& result) {
  std::string text;
  for (const std::string& place : result.moved) {
    text += fmt::format("the build has changed; found again by its callers: {}\n", place);
  }
  return text;
}

std::optional<SitePlace> PlaceOfSite(const std::string& hash,
                                     const std::vector<StoredSite>& sites) {
  const auto site = std::find_if(sites.begin(), sites.end(),
                                 [&](const StoredSite& one) { return one.hash == hash; });
  if (site == sites.end()) {
    return std::nullopt;
  }
  const std::vector<StoredSite> alike =
      SitesOf(site->point, sites, [&](const StoredSite& one) { return one.place == site->place; });
  const auto own = std::find_if(alike.begin(), alike.end(),
                                [&](const StoredSite& one) { return one.hash == hash; });
  return SitePlace{hash, site->point, site->place, 1 + (own - alike.begin())};
}

std::optional<StoredSite> FindByCallers(const SitePlace& place,
                                        const std::vector<StoredSite>& sites) {
  const std::vector<StoredSite> same =
      SitesOf(place.point, sites, [&](const StoredSite& one) { return one.place == place.place; });
  if (!same.empty()) {
    const auto last = static_cast<int64_t>(same.size());
    return same[static_cast<size_t>(std::clamp<int64_t>(place.index, 1, last)) - 1];
  }
  const std::string near = Near(place.place);
  const std::vector<StoredSite> alike =
      SitesOf(place.point, sites, [&](const StoredSite& one) { return Near(one.place) == near; });
  return alike.size() == 1 ? std::make_optional(alike.front()) : std::nullopt;
}

std::string PlacesToJson(const std::vector<SitePlace>& places) {
  nlohmann::json json = nlohmann::json::array();
  for (const SitePlace& place : places) {
    json.push_back({{"site", place.hash},
                    {"point", place.point},
                    {"place", place.place},
                    {"index", place.index}});
  }
  return CompactText(json);
}

std::vector<SitePlace> PlacesFromJson(const std::string& text) {
  std::vector<SitePlace> places;
  try {
    for (const nlohmann::json& place : nlohmann::json::parse(text, nullptr, false)) {
      places.push_back({place.at("site"), place.at("point"), place.at("place"), place.at("index")});
    }
  } catch (const nlohmann::json::exception&) {
    return {};
  }
  return places;
}

AnyBuildResult RunInAnyBuild(const LoadedScenario& loaded, const ScenarioOptions& options,
                             const std::vector<SitePlace>& places, Executor& executor) {
  return Relocator(loaded, options, places, executor).Run();
}

}  // namespace faultline
