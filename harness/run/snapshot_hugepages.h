#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "harness/protocol/snapshot.h"
#include "harness/run/snapshot_steps.h"
#include "harness/target/machine.h"
#include "harness/target/process_memory.h"

namespace faultline {

// The hugepages that a carrier shares by files of its run's hugetlbfs. They become memory of its
// own, which a fork copies page by page, when it or the carrier writes to it. The files stay, with
// their pages: so the carrier's hugetlbfs is as full as that of any target. What a fork gives back
// of them does not come back into its own hugetlbfs.
class SnapshotHugepages {
 public:
  // Steps for the carrier, which is halted: what it shares below `huge_dir` ("" = nowhere) becomes
  // its own, with what is in it. As many hugepages of the machine are reserved as long as this
  // object lives. False: there is nothing new. CannotCarry: a part of a file is mapped twice, or
  // may not be read; or there are too few hugepages.
  bool MakeOwn(const std::vector<Mapping>& mappings, const std::filesystem::path& huge_dir,
               SnapshotSteps& steps);
  // Where a fork has them, as far as there is room.
  void Tell(protocol::SnapshotControl& control) const;

 private:
  std::vector<protocol::SnapshotControl::Range> own_;
  std::vector<std::unique_ptr<HugepageReservation>> reserved_;
};

}  // namespace faultline
