#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <vector>

#include "harness/run/snapshot_descriptor_steps.h"

namespace faultline {

// Pipes and pairs of UNIX sockets of which a process has both ends: new ones take the place of all
// their descriptors. One use for each fork.
class SnapshotPairs {
 public:
  // All that the process has open; all is borrowed.
  SnapshotPairs(const std::vector<OpenFile>& files, DescriptorSteps& descriptors)
      : files_(files), descriptors_(descriptors) {}

  // CannotCarry: the other end is another process's, or something is in it.
  void AddPipe(const OpenFile& file);
  // False: `file` is no connected socket without a name, or its other end is not the process's own.
  bool AddSocket(const OpenFile& file);

 private:
  const OpenFile* PeerOf(const OpenFile& file);
  void RefuseUnlessEmpty(const OpenFile& file) const;

  const std::vector<OpenFile>& files_;
  DescriptorSteps& descriptors_;
  std::map<ino_t, SnapshotSteps::Argument> ends_;       // made already, by the inode of the old
  std::optional<std::map<ino_t, ino_t>> socket_peers_;  // of all UNIX sockets that it can see
};

}  // namespace faultline
