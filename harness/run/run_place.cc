#include "harness/run/run_place.h"

#include <sys/stat.h>

#include <cerrno>

#include "harness/base/failure.h"

namespace faultline {

RunPlace::RunPlace(const RunRequest& request) : directory_(request.run_root) {
  const Resources& resources = request.scenario.resources;
  if (const int hugepages_mb = resources.HugepagesMb(); hugepages_mb > 0) {
    hugepages_ = std::make_unique<HugepageReservation>(hugepages_mb);
  }
  RunSpace::Plan plan;
  plan.network = request.scenario.network == Network::kOwn;
  if (resources.hugetlbfs_mb) {
    huge_dir_ = directory_.path() / "huge";
    if (::mkdir(huge_dir_.c_str(), 0700) != 0) {
      throw Failure::FromErrno("cannot make the directory " + huge_dir_.string(), errno);
    }
    plan.hugetlbfs = HugetlbfsPlan{huge_dir_, *resources.hugetlbfs_mb};
  }
  space_ = std::make_unique<RunSpace>(plan);
}

RunPlace::~RunPlace() = default;

}  // namespace faultline
