#pragma once

#include <string>

#include "harness/report/sweep_digest.h"

namespace faultline {

// A text for the bug tracker of the target's project, in Markdown, to be posted as it is: version,
// steps, what was observed and expected, and last what runs it again with Faultline. No names of
// this machine's directories, no frames of the agent.
std::string UpstreamText(const DigestFinding& finding, const SweepDigest& digest);

}  // namespace faultline
