#pragma once

#include <string>
#include <vector>

#include "harness/scenario/map_reader.h"
#include "harness/scenario/profile.h"

// Readings that profiles and scenarios share.
namespace faultline {

inline constexpr int kMaxMegabytes = 1024 * 1024;  // that a run may ask for

// Arguments of a program, kept for ExpandForRun. An item that is itself a list is a group: it is
// left out whole when one of its members is empty, so that `["--defect", "${defect}"]` is an option
// that is only given when the variable is.
void ReadArguments(MapReader& map, std::string_view key, std::vector<std::string>& out);

// `variables`: texts by name, not yet substituted. Names that a run gives values to, or that are no
// names, are mistakes.
Variables ReadVariables(MapReader& map);

// `limits`: {start, rpc, stop}. True when at least one was given.
bool ReadLimits(MapReader& map, LimitsMs& limits);

// `environment`: values by name, kept for ExpandForRun.
void ReadEnvironment(MapReader& map, std::map<std::string, std::string>& out);

// `params` of a request; absent ones leave `out` alone.
void ReadParams(MapReader& map, nlohmann::json& out);

}  // namespace faultline
