#pragma once

#include <string>
#include <vector>

#include "harness/scenario/scenario.h"
#include "harness/scenario/site_place.h"

namespace faultline {

// `scenario` as a scenario file that LoadScenario reads back to the same run: steps without
// includes, variables as they are now. `comment` stands at its head, one line or several.
// The profile is named, not copied. `places`: see LoadedScenario.
std::string WriteScenario(const Scenario& scenario, const std::string& comment,
                          const std::vector<SitePlace>& places = {});

}  // namespace faultline
