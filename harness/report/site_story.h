#pragma once

#include <string>
#include <vector>

#include "harness/report/finding_story.h"
#include "harness/report/sweep_digest.h"

namespace faultline {

// What was done at a site, and why that came of it: the call, each run that made it fail with what
// the target did then, and what its outcome means. `runs`: those of the site, with their evidence.
std::string TellSite(const DigestSite& site, const std::vector<StoredRun>& runs,
                     const SweepDigest& digest, const StoredStoryOptions& options);

}  // namespace faultline
