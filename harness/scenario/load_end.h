#pragma once

#include "harness/scenario/map_reader.h"
#include "harness/scenario/profile.h"

// How a target comes to its end, which profiles and scenarios say with the same keys: `stop`,
// `stop_signal`, `stop_rpc`, `clean_exit_codes` and `clean_signals`.
namespace faultline {

EndRules ReadEndRules(MapReader& map);

// What `rules` says replaces what `profile` has.
void ApplyEndRules(const EndRules& rules, Profile& profile);

// A stop by a request needs a profile with `rpc: true`.
void CheckEndRules(const Profile& profile, const SourcePosition& position,
                   Diagnostics& diagnostics);

}  // namespace faultline
