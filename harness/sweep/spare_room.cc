#include "harness/sweep/spare_room.h"

#include <algorithm>

namespace faultline {
namespace {

// Of a CPU, where another run has a place, and where there is one too many.
constexpr double kRoomForOne = 0.5;
constexpr double kOneTooMany = 0.2;
// As many runs as there are jobs, so often; memory has a budget of its own.
constexpr int kMostSpareTimes = 3;

}  // namespace

SpareRoom::SpareRoom(int jobs, int cpus) : jobs_(jobs), left_to_others_(std::max(0, cpus - jobs)) {}

void SpareRoom::Adapt(double idle_cpus) {
  const double idle = idle_cpus - left_to_others_;
  if (idle >= kRoomForOne) {
    runs_ = std::min(runs_ + jobs_, kMostSpareTimes * jobs_);
  } else if (idle < kOneTooMany) {
    runs_ = std::max(runs_ - jobs_, 0);
  }
}

}  // namespace faultline
