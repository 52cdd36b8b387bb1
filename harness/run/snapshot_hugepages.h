#pragma once

#include <sys/types.h>

#include <filesystem>
#include <vector>

#include "harness/run/snapshot_steps.h"
#include "harness/target/process_memory.h"

// The hugepages that a carrier shares by files of its run's hugetlbfs. They become memory of its
// own, which a fork copies page by page, when it or the carrier writes to it. The files stay, with
// their pages: so the carrier's hugetlbfs is as full as that of any target. What a fork gives back
// of them does not come back into its own hugetlbfs.
namespace faultline {

struct HugepageRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Mappings of files below `huge_dir`, those that lie one behind the other as one range.
// CannotCarry when there is a part of a file that is mapped twice. Empty without a directory.
std::vector<HugepageRange> SharedHugepages(const std::vector<Mapping>& mappings,
                                           const std::filesystem::path& huge_dir);

// Steps for the carrier, which is halted: the ranges become its own, with what is in them. It
// needs as many free hugepages as they have.
void AddOwnHugepages(const std::vector<HugepageRange>& ranges, const std::vector<Mapping>& mappings,
                     SnapshotSteps& steps);

}  // namespace faultline
