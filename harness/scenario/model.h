#pragma once

#include "harness/scenario/catalogue.h"
#include "harness/scenario/profile.h"
#include "harness/scenario/scenario.h"

// The data model of everything a user writes: catalogue, profiles, scenarios. Plain values, filled
// by the loaders (load_catalogue.h, load_profile.h, load_scenario.h), which alone know YAML.
// Durations are in milliseconds and say so.
