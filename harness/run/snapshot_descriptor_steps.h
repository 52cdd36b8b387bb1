#pragma once

#include <string>

#include "harness/run/snapshot_open_files.h"
#include "harness/run/snapshot_steps.h"

namespace faultline {

// What the steps for descriptors of all kinds have in common: a new file takes the place of the one
// that the child has from the carrier.
class DescriptorSteps {
 public:
  // Borrowed.
  explicit DescriptorSteps(SnapshotSteps& steps) : steps_(steps) {}

  SnapshotSteps& steps() { return steps_; }
  SnapshotSteps::Argument Open(const std::string& path, int flags, const std::string& what);
  // `keep`: `fresh` stays open as well.
  void Replace(const OpenFile& file, const SnapshotSteps::Argument& fresh, bool keep = false);
  // Those that fcntl(2) can set. CannotCarry when it sends signals.
  void SetFlags(const OpenFile& file);

 private:
  SnapshotSteps& steps_;
};

// Throws CannotCarry, which names the descriptor.
[[noreturn]] void RefuseFile(const OpenFile& file, const std::string& why);

}  // namespace faultline
