#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

#include "harness/protocol/snapshot.h"
#include "harness/run/snapshot_memory.h"

namespace faultline {

// Lets a carrier, and with it what is forked of it, clear large memory by giving it back to the
// kernel (agent/clear_memory.h): what its modules call by the name memset. They see no difference
// but in time.
class SnapshotClearing {
 public:
  // For modules that have come since the last time. The carrier is halted, and may be written to.
  // What cannot be read or changed stays as it is.
  void Update(pid_t carrier, const std::vector<Mapping>& mappings,
              const protocol::SnapshotControl& control);

 private:
  std::set<std::string> known_;  // paths of modules
};

}  // namespace faultline
