#pragma once

#include <filesystem>

#include "harness/protocol/snapshot.h"

namespace faultline {

// The harness's mapping of a carrier's control file.
class SnapshotControlFile {
 public:
  // Made anew. Failure when it cannot be.
  explicit SnapshotControlFile(std::filesystem::path path);
  ~SnapshotControlFile();
  SnapshotControlFile(const SnapshotControlFile&) = delete;
  SnapshotControlFile& operator=(const SnapshotControlFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  protocol::SnapshotControl* get() const { return control_; }

 private:
  std::filesystem::path path_;
  protocol::SnapshotControl* control_ = nullptr;
};

// Gives the parked thread a command; what it is about has been written.
void GiveCommand(protocol::SnapshotControl* control, protocol::CarrierCommand command);
// Waits half a millisecond at most for another state than `seen`.
void AwaitChange(protocol::SnapshotControl* control, protocol::CarrierState seen);

}  // namespace faultline
