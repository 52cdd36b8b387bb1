#include "harness/run/ended_meanwhile.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::SizeIs;
using Change = StateChange::Kind;

std::vector<StateProbe> Probes() {
  std::vector<StateProbe> probes(2);
  probes[0].call.method = "thread_get_stats";
  probes[0].promised = false;
  probes[1].call.method = "bdev_get_bdevs";
  return probes;
}

// bdev_get_bdevs of SPDK waits for a name by a timed poller, which outlives the answer.
TEST(EndedMeanwhile, AreThingsThatGoByThemselves) {
  const std::vector<StateChange> changes = {
      {Change::kChanged, "thread_get_stats", "app_thread.timed_pollers_count", 3, 1},
      {Change::kRemoved, "thread_get_stats", "poll_group", 1, nullptr},
      {Change::kChanged, "thread_get_stats", "app_thread.active_pollers_count", 1, 2},
      {Change::kAdded, "thread_get_stats", "iscsi", nullptr, 1},
      {Change::kChanged, "thread_get_stats", "app_thread.state", "idle", "busy"}};
  EXPECT_THAT(WithoutEnds(changes, Probes()),
              ElementsAre(Field(&StateChange::path, "app_thread.active_pollers_count"),
                          Field(&StateChange::path, "iscsi"),
                          Field(&StateChange::path, "app_thread.state")));
}

// Tempting: a count that falls. Free clusters that a failed request has taken are a leak.
TEST(EndedMeanwhile, IsNothingOfWhatStaysUntilSomebodyTakesIt) {
  const std::vector<StateChange> changes = {
      {Change::kChanged, "bdev_get_bdevs", "lvs.free_clusters", 9, 7},
      {Change::kRemoved, "bdev_get_bdevs", "Malloc0", true, nullptr}};
  EXPECT_THAT(WithoutEnds(changes, Probes()), SizeIs(2));
}

}  // namespace
}  // namespace faultline
