#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/run/snapshot_open_files.h"
#include "harness/run/snapshot_steps.h"

namespace faultline {

// The ends of a forked target's stdio that the harness holds open for it.
struct SnapshotStdio {
  int input = -1;
  int output = -1;
  bool terminal = false;
  dev_t carrier_device = 0;  // of the carrier's own ends
  ino_t carrier_input = 0;
  ino_t carrier_output = 0;
};

struct SnapshotFilesPlan {
  pid_t carrier = 0;
  const std::vector<OpenFile>* open = nullptr;  // its descriptors
  std::filesystem::path run_dir;                // as the carrier and the child see it
  std::filesystem::path huge_dir;               // of its hugetlbfs; "" = none
  SnapshotStdio stdio;
  std::string mount_namespace;  // of the child
  int network_fd = -1;          // the harness's; -1 = the child stays in the carrier's
  // Connections that the harness has made for it: its descriptors, and the harness's of what is to
  // be there. `harness`: a pidfd of the harness, that it has.
  std::map<int, int> connections;
  SnapshotSteps::Argument harness = -1;
};

// Adds steps by which the child gets descriptors of its own in place of the ones that it has from
// the carrier, and the view of files of its own. The carrier is halted. CannotCarry names a
// descriptor that cannot be made again.
void AddDescriptors(const SnapshotFilesPlan& plan, SnapshotSteps& steps);

}  // namespace faultline
