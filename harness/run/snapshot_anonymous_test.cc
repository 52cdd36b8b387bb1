#include "harness/run/snapshot_anonymous.h"

#include <gtest/gtest.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>

#include "harness/base/unique_fd.h"

namespace faultline {
namespace {

// How the child sets its timer for `timer`, of which the kernel has told no time that is left.
itimerspec AsTheChildSets(const UniqueFd& timer) {
  OpenFile file;
  file.pid = getpid();
  file.fd = timer.get();
  file.link = "anon_inode:[timerfd]";
  file.info =
      "clockid: 1\nticks: 0\nsettime flags: 00\nit_value: (0, 0)\nit_interval: (0, 5000000)\n";
  const auto control = std::make_unique<protocol::SnapshotControl>();
  SnapshotSteps steps(control.get(), 0);
  DescriptorSteps descriptors(steps);
  AddAnonymous(file, "/run", descriptors);
  const auto* const set =
      std::find_if(std::begin(control->steps), std::end(control->steps),
                   [](const auto& step) { return step.call == __NR_timerfd_settime; });
  itimerspec times = {};
  std::memcpy(&times, control->text + set->arguments[2], sizeof(times));
  return times;
}

TEST(SnapshotTimerFd, OneWhoseTimeHadJustComeExpiresInTheChild) {
  const UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  const itimerspec soon = {{0, 5'000'000}, {0, 1}};
  ASSERT_EQ(timerfd_settime(timer.get(), 0, &soon, nullptr), 0);
  const itimerspec times = AsTheChildSets(timer);
  EXPECT_EQ(times.it_value.tv_nsec, 1);
  EXPECT_EQ(times.it_interval.tv_nsec, 5'000'000);
}

TEST(SnapshotTimerFd, OneThatIsNotSetStaysSo) {
  const UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  EXPECT_EQ(AsTheChildSets(timer).it_value.tv_nsec, 0);
}

}  // namespace
}  // namespace faultline
