#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <vector>

#include "harness/run/snapshot_steps.h"
#include "harness/target/process_memory.h"

namespace faultline {

struct SnapshotMemoryPlan {
  std::filesystem::path run_dir;
  std::filesystem::path journal;  // mapped anew in the child, from the same path
  std::filesystem::path control;  // stays shared
};

// Is it shared memory that has no file by which another process finds it (any more)?
bool IsNameless(const Mapping& mapping);

// Does fresh memory cost less CPU time in large pages than in small ones? On most machines it does,
// several times. Where the host of a virtual machine takes free memory back (free page reporting),
// each large page is given anew by it, and costs more. Writes to `mb` MiB of memory at most, less
// where large ones turn out to be slow, and gives it back.
bool LargePagesAreCheaper(uint64_t mb);
// What a measurement yields: the CPU time in ms of writing to so many MiB of fresh memory, advised
// so (madvise(2)), or `most_ms` once it has taken so long.
using TouchCost = std::function<double(uint64_t mb, int advice, double most_ms)>;
bool LargePagesAreCheaper(uint64_t mb, const TouchCost& ms_to_touch);

struct MemoryRange {
  uint64_t begin = 0;
  uint64_t bytes = 0;
  uint64_t inode = 0;  // of the file that it was shared by
};

// Adds steps for the carrier itself: memory without a name that it shares with nobody becomes
// private, so that a fork copies it by and by. They change nothing that it sees. What becomes so is
// added to `made_private`. The carrier is halted.
void AddPrivateMemory(pid_t carrier, const std::vector<Mapping>& mappings, SnapshotSteps& steps,
                      std::vector<MemoryRange>& made_private);

// Adds steps by which the child maps its own copies of the files that the carrier shares.
// CannotCarry names a mapping that cannot be the child's own.
void AddMappings(const SnapshotMemoryPlan& plan, const std::vector<Mapping>& mappings,
                 SnapshotSteps& steps);

// An address that is free in all `mappings`, for `size` bytes.
uint64_t FreeAddress(const std::vector<Mapping>& mappings, uint64_t size);

}  // namespace faultline
