#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "harness/run/cpus.h"
#include "harness/run/snapshot_files.h"
#include "harness/run/snapshot_memory.h"
#include "harness/run/snapshot_steps.h"
#include "harness/run/snapshot_timers.h"
#include "harness/run/snapshot_tracer.h"

namespace faultline {

// What a child is made from, and where it is to live. All that is a pointer is borrowed.
struct ForkPlan {
  pid_t parked = 0;  // the thread of the carrier that forks
  const std::vector<ThreadImage>* threads = nullptr;
  const std::vector<Mapping>* mappings = nullptr;
  const std::vector<MemoryRange>* made_private = nullptr;
  bool large_pages = false;  // LargePagesAreCheaper
  const std::vector<PosixTimer>* timers = nullptr;
  const CpuClaim* carriers_cpu = nullptr;
  const CpuClaim* cpu = nullptr;
  SnapshotFilesPlan files;  // but for `harness`
  SnapshotMemoryPlan memory;
  std::string pid_namespace;   // for setns(2)
  std::filesystem::path plan;  // of its agent, as it sees it
};

// Writes the steps by which a halted carrier forks, and those by which the child then becomes a
// target of its own.
class ChildWriter {
 public:
  // From the first step up to the second.
  using Range = std::pair<uint32_t, uint32_t>;

  ChildWriter(SnapshotSteps& steps, ForkPlan plan);

  // First this, then WriteChild(). CannotCarry.
  Range WriteFork();
  Range WriteChild();
  // Where the path of the child's plan is in SnapshotControl::text.
  uint32_t plan_text() const { return plan_text_; }

 private:
  void AddOwn(const ThreadImage& thread);
  void AddRseq(const ThreadImage& thread, int flags);
  void AddThreads(const std::vector<Range>& own_steps);

  SnapshotSteps& steps_;
  ForkPlan plan_;
  std::vector<SnapshotSteps::Argument> opened_;  // for the fork: the child has them too
  uint32_t plan_text_ = 0;
};

}  // namespace faultline
