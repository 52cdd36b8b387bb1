#include "harness/sweep/spare_room.h"

#include <algorithm>

namespace faultline {
namespace {

// Of a CPU, where another run has a place, and where there is one too many.
constexpr double kRoomForOne = 0.5;
constexpr double kOneTooMany = 0.2;
// As many runs as there are jobs, so often; memory has a budget of its own.
constexpr int kMostSpareTimes = 3;
// So often a CPU is idle before more are tried than once were too many.
constexpr int kLooksForMore = 10;

}  // namespace

SpareRoom::SpareRoom(int jobs, int cpus)
    : jobs_(jobs), left_to_others_(std::max(0, cpus - jobs)), most_(kMostSpareTimes * jobs) {}

void SpareRoom::Adapt(double idle_cpus) {
  const double idle = idle_cpus - left_to_others_;
  if (idle < kOneTooMany) {
    most_ = runs_ > 0 ? runs_ - 1 : most_;
    runs_ = 0;
    idle_looks_ = 0;
  } else if (idle >= kRoomForOne && runs_ < most_) {
    ++runs_;
  } else if (idle >= kRoomForOne && ++idle_looks_ >= kLooksForMore) {
    most_ = std::min(most_ + 1, kMostSpareTimes * jobs_);
    idle_looks_ = 0;
  }
}

}  // namespace faultline
