#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/scenario/map_reader.h"

namespace faultline {

// Where a site is in words that the next build shares: sites themselves are code offsets.
struct SitePlace {
  std::string hash;   // in the build that was swept
  std::string point;  // catalogue name
  std::string place;  // "FUNCTION < CALLER < ...", StoredSite::place
  int64_t index = 1;  // of the sites with this point and place, in order of their first calls
};

// `places` of a scenario: a list of {site, point, place, index}. Mistakes go to the diagnostics of
// `map`'s context.
std::vector<SitePlace> ReadSitePlaces(MapReader& map);

}  // namespace faultline
