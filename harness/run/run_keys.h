#pragma once

#include <string>

#include "harness/scenario/model.h"

// What tells whether something that is remembered of a run still holds: texts of 16 hexadecimal
// digits, for the names of cache files and for stores.
namespace faultline {

// Changes whenever the target is started with other arguments or another environment.
std::string CommandLineKey(const Scenario& scenario, const Profile& profile);
// Changes whenever something changes that a fault-free run of `scenario` depends on: arguments,
// environment, resources, steps. Faults do not matter.
std::string ScenarioKey(const Scenario& scenario, const Profile& profile);
// Changes whenever a run would be judged by other rules: what the steps expect, how the profile
// says ready, stopped, clean and error, time limits, what failures of the catalogue look like, and
// the oracles themselves.
std::string RulesKey(const Scenario& scenario, const Profile& profile, const Catalogue& catalogue);
// Changes whenever other functions are observed, so that a run shows other objects.
std::string ObserverKey(const Catalogue& catalogue);

}  // namespace faultline
