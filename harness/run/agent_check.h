#pragma once

#include <filesystem>
#include <string>

#include "harness/run/live_run.h"

namespace faultline {

// Throws Failure (kCannotWork) with the reason when the target is to be hooked and the agent does
// not work in it: then nothing would be injected and little seen, and a good verdict would be a
// lie. To be called when the target is past its start, or has ended.
void CheckAgentReady(LiveRun& run);

// Why a preloaded library does not get into `program`, as far as its file shows: it is static, it
// has set-user-id bits or file capabilities, it is instrumented by a sanitizer. "" when nothing
// shows.
std::string WhyPreloadFails(const std::filesystem::path& program);

}  // namespace faultline
