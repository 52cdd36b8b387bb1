#pragma once

#include <string>
#include <vector>

#include "harness/run/leftovers.h"
#include "harness/run/live_run.h"

namespace faultline {

// The files of the run that are there now, as Evidence::left_behind names them.
std::vector<std::string> FilesOf(LiveRun& run, const Leftovers& leftovers);

// Completes the evidence once the target has ended: journal, injections with their stacks, hooks,
// the stacks of a crash or a hang, the log, and what was left behind. Ends every process of the
// run.
void CollectEvidence(LiveRun& run, const Leftovers& leftovers);

}  // namespace faultline
