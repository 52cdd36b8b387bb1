#include "harness/run/run_place.h"

#include <sys/stat.h>

#include <cerrno>

#include "harness/base/failure.h"

namespace faultline {

namespace {

std::filesystem::path MakeBelow(const std::filesystem::path& directory, const char* name) {
  std::filesystem::path path = directory / name;
  if (::mkdir(path.c_str(), 0700) != 0) {
    throw Failure::FromErrno("cannot make the directory " + path.string(), errno);
  }
  return path;
}

}  // namespace

RunPlace::RunPlace(const RunRequest& request, std::optional<int> hugetlbfs_mb)
    : directory_(request.run_root), run_dir_(directory_.path()) {
  const Resources& resources = request.scenario.resources;
  if (const int hugepages_mb = resources.HugepagesMb(); hugepages_mb > 0) {
    hugepages_ = std::make_unique<HugepageReservation>(hugepages_mb);
  }
  RunSpace::Plan plan;
  plan.network = request.scenario.network == Network::kOwn;
  if (resources.hugetlbfs_mb) {
    huge_dir_ = MakeBelow(directory_.path(), kHugeDir);
    plan.hugetlbfs = HugetlbfsPlan{huge_dir_, hugetlbfs_mb.value_or(*resources.hugetlbfs_mb)};
  }
  const Surroundings& around = request.scenario.surroundings;
  if (around.dev_shm) {
    plan.dev_shm = DevShmPlan{*around.dev_shm, around.read_only_dev_shm};
  }
  for (const auto& [path, bytes] : around.directories) {
    plan.directories.push_back({path, bytes});
  }
  if (const auto bytes = around.run_dir) {
    // The harness's own files lie beside it: they are no part of what is full.
    run_dir_ = MakeBelow(directory_.path(), "d");
    plan.small_directory = SmallDirectoryPlan{run_dir_, *bytes};
  }
  space_ = std::make_unique<RunSpace>(plan);
}

RunPlace::~RunPlace() = default;

}  // namespace faultline
