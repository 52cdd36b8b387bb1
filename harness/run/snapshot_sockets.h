#pragma once

#include "harness/run/snapshot_descriptor_steps.h"
#include "harness/run/snapshot_files.h"

namespace faultline {

// Adds steps that make a socket anew: one that listens, is bound, or is nothing yet; a connection
// is one that the harness has made for the child (SnapshotFilesPlan::connections). CannotCarry.
void AddSocket(const OpenFile& file, const SnapshotFilesPlan& plan, DescriptorSteps& descriptors);

}  // namespace faultline
