#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "harness/report/sweep_digest.h"

namespace faultline {

// `faultline findings --json`. Schema, version 1 (harness/report/schema/findings.schema.json):
//   faultline_findings  1
//   store, scenario, program, version (of Faultline, when the sweep was made)
//   verdict            in words
//   total              findings of the store
//   fails              true: the command ends with exit code 1
//   findings           those that are listed, the most important first: the members that
//                      SweepToJson has, and
//                      [{why, point, injected, exit, expected, details: [line],
//                        places: [{site, point, place}], replay}]
//   causes             [{cause, findings: [id]}], each finding in exactly one
// The command adds `silently_tolerated`, see SilentFunctionsToJson.
// `wanted`: indexes into digest.findings. `replay_options` as in PageOptions.
nlohmann::json FindingsToJson(const SweepDigest& digest, const std::set<size_t>& wanted,
                              const std::string& store_file, const std::string& replay_options);

}  // namespace faultline
