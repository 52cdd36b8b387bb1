#pragma once

#include <cstddef>
#include <string>

#include "harness/report/source_lines.h"
#include "harness/report/sweep_digest.h"

namespace faultline {

struct StoredStoryOptions {
  std::string store_file;           // for the commands that are shown
  std::string replay_options = {};  // for them too, each with a blank before it
  size_t width = 100;               // columns
  bool color = false;
  bool whole = false;  // nothing is left out: all frames, all places, the whole log excerpt
  std::filesystem::path source;  // root of the target's source tree; "" = none
};

// A finding as a person reads it, from what the store has of it, without running anything: what was
// injected, what the target said and did, the stacks, why it is believed, where else it shows and
// what else has its cause, what should have happened, and how to see it again. What the target
// wrote is escaped; no line but one with a longer word in it is wider than the terminal.
std::string TellStoredFinding(const DigestFinding& finding, const SweepDigest& digest,
                              const StoredStoryOptions& options);

}  // namespace faultline
