#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/run/executor.h"
#include "harness/target/machine.h"
#include "harness/target/run_dir.h"
#include "harness/target/run_space.h"

namespace faultline {

class Sandbox;

// The run's hugetlbfs, below its directory.
inline constexpr char kHugeDir[] = "huge";

// What all targets of a run have in common: its directory, its namespaces, the hugepages that are
// reserved for it, and what its steps have saved. One thread.
class RunPlace {
 public:
  // Failure when the directory or the hugepages cannot be had. `hugetlbfs_mb`: of its hugetlbfs,
  // where that is not what the scenario says.
  explicit RunPlace(const RunRequest& request, std::optional<int> hugetlbfs_mb = {});
  ~RunPlace();
  RunPlace(const RunPlace&) = delete;
  RunPlace& operator=(const RunPlace&) = delete;

  RunDirectory& directory() { return directory_; }
  const RunSpace& space() const { return *space_; }
  // That of the targets: below directory() where it is a small one, else directory() itself.
  const std::filesystem::path& run_dir() const { return run_dir_; }
  const std::filesystem::path& huge_dir() const { return huge_dir_; }  // "" = none

  // The sandboxes of the run's targets, in the order of the scenario; each adds itself.
  std::vector<Sandbox*>& sandboxes() { return sandboxes_; }
  std::map<std::string, nlohmann::json>& saved() { return saved_; }

 private:
  RunDirectory directory_;
  std::unique_ptr<HugepageReservation> hugepages_;
  std::filesystem::path huge_dir_;
  std::filesystem::path run_dir_;
  std::unique_ptr<RunSpace> space_;
  std::vector<Sandbox*> sandboxes_;
  std::map<std::string, nlohmann::json> saved_;
};

}  // namespace faultline
