#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "harness/base/unique_fd.h"
#include "harness/target/orphans.h"

namespace faultline {

// Where a forked target lives: process ids of its own, so that it has those of the carrier; the
// carrier's run directory, which is another there; a /dev/shm of its own. A small process holds it
// open and reaps what the target leaves; with it everything in it ends. Needs root.
class SnapshotSpace {
 public:
  // `directory`, with the hugetlbfs that is mounted at kHugeDir below it in the mount namespace
  // `mounts` (-1: there is none), is what is seen at `run_dir`, but for `private_dir` below it,
  // which is empty and the harness's. CannotCarry when there can be none.
  SnapshotSpace(const std::filesystem::path& directory, int mounts,
                const std::filesystem::path& run_dir, const std::filesystem::path& private_dir);
  ~SnapshotSpace();
  SnapshotSpace(const SnapshotSpace&) = delete;
  SnapshotSpace& operator=(const SnapshotSpace&) = delete;

  // From here on the calling thread, and those that it starts, see the files of this space, but the
  // machine's processes.
  void Enter();
  // Files of /proc for setns(2), as the machine sees them.
  std::string PidNamespace() const;
  std::string MountNamespace() const;

 private:
  alignas(64) std::array<std::byte, 32768> stack_;  // the holder's
  std::filesystem::path directory_;
  std::filesystem::path run_dir_;
  std::filesystem::path private_dir_;
  bool is_entered_ = false;
  pid_t pid_ = -1;
  std::optional<OwnChild> own_child_;
  UniqueFd view_;
};

}  // namespace faultline
