#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/target/own_directory.h"

namespace faultline {

// A hugetlbfs with 2 MiB pages that nobody outside of its mount namespace sees. Needs root.
struct HugetlbfsPlan {
  std::filesystem::path directory;  // exists; usually ${run_dir}/huge
  int size_mb = 0;                  // a multiple of 2, at least 2
};

// A tmpfs in the place of a directory, which is full when so much has been written. Needs root.
struct SmallDirectoryPlan {
  std::filesystem::path directory;  // exists
  uint64_t bytes = 0;               // at least a page
};

// A tmpfs in the place of /dev/shm. Needs root.
struct DevShmPlan {
  uint64_t bytes = 0;  // at least a page
  bool read_only = false;
};

// The namespaces that all processes of a run share, whether they live one after the other or at the
// same time: a mount namespace with the run's hugetlbfs, /dev/shm and other directories, and a
// network of the run's own with nothing but a loopback. They live as long as this object or a
// process in them does; no process is needed to hold them.
//
//   RunSpace space({.hugetlbfs = HugetlbfsPlan{dir, 64}, .network = true});
//   options.space = &space;   // SpawnOptions: the process is started in them
class RunSpace {
 public:
  struct Plan {
    std::optional<HugetlbfsPlan> hugetlbfs;
    bool network = false;  // where the kernel permits it; see network_note()
    std::optional<SmallDirectoryPlan> small_directory = {};
    std::optional<DevShmPlan> dev_shm = {};  // nullopt: the machine's
    std::vector<OwnDirectoryPlan> directories = {};
  };

  // Failure when there can be no such mount.
  explicit RunSpace(const Plan& plan);
  RunSpace(const RunSpace&) = delete;
  RunSpace& operator=(const RunSpace&) = delete;

  // Namespaces for setns(2); -1 = the harness's own.
  int mounts() const { return mounts_.get(); }
  int network() const { return network_.get(); }
  // Why there is no network of its own though it was asked for; "" otherwise.
  const std::string& network_note() const { return network_note_; }

  // What lies in the hugetlbfs now ("rtemap_0"), sorted. Empty without one.
  std::vector<std::string> HugepageFiles() const;
  // How many MiB of it no file has taken; nullopt without one.
  std::optional<int> FreeHugepagesMb() const;

  // Where the harness, which is outside, finds what is `path` in the small directory; any other
  // path is what it is. Valid as long as this object.
  std::filesystem::path FromOutside(const std::filesystem::path& path) const;

 private:
  UniqueFd mounts_;
  UniqueFd network_;
  UniqueFd hugetlbfs_;  // its root; held open, it tells what was left
  std::filesystem::path small_directory_;
  UniqueFd small_;  // the root of the tmpfs there
  std::string network_note_;
};

}  // namespace faultline
