#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/run/run_scenario.h"
#include "harness/scenario/site_place.h"
#include "harness/store/records.h"

// Sites are places in one build: code offsets. A line that is added above a call moves it, and
// whoever fixed a bug wants to know whether it is gone. So findings also keep where their failed
// calls are in words that the next build shares: point and chain of callers.
namespace faultline {

// Of the site with `hash` among `sites`; nothing when it is not there.
std::optional<SitePlace> PlaceOfSite(const std::string& hash, const std::vector<StoredSite>& sites);

// The site of another build that is at `place`: with the same callers, or else the only one whose
// innermost callers are the same. Nothing when there is none.
std::optional<StoredSite> FindByCallers(const SitePlace& place,
                                        const std::vector<StoredSite>& sites);

// As a store keeps them.
std::string PlacesToJson(const std::vector<SitePlace>& places);
std::vector<SitePlace> PlacesFromJson(const std::string& text);

// A scenario's run in a build that may not be the one its sites are of.
struct AnyBuildResult {
  ScenarioResult result;
  std::vector<std::string> moved;  // "POINT in FUNCTION < CALLER", of sites found by their callers
  std::vector<std::string> lost;   // likewise, of sites that are not in this build; `result` then
                                   // is of a run that did not reach them
};

// What is to be said of sites that were found elsewhere: a line for each, with its newline.
std::string TellMoved(const AnyBuildResult& result);

// Runs `loaded`; when faults at sites are not reached, looks for these sites by `places` in a run
// that records all calls of their points, and runs it again. Throws what RunScenario throws.
AnyBuildResult RunInAnyBuild(const LoadedScenario& loaded, const ScenarioOptions& options,
                             const std::vector<SitePlace>& places, Executor& executor);

}  // namespace faultline
