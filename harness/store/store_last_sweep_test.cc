#include <gtest/gtest.h>

#include "harness/store/merge.h"
#include "harness/store/testing/store_values.h"

namespace faultline {
namespace {

using testkit::AnEnvironment;
using testkit::StoreFile;

std::optional<SweepState> LastSweepOf(const StoreFile& file) {
  return Store(file.path(), Store::Mode::kRead).LastSweep();
}

void MakeStore(const StoreFile& file, const std::optional<SweepState>& state) {
  Store store(file.path(), Store::Mode::kCreate);
  store.AddEnvironment(AnEnvironment());
  if (state) {
    store.SetLastSweep(*state);
  }
}

TEST(LastSweep, IsOfTheLastSweepAndNotKnownOfAnOlderStore) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  EXPECT_FALSE(store.LastSweep().has_value());
  store.SetLastSweep({});
  EXPECT_FALSE(LastSweepOf(file)->ended);
  store.SetLastSweep({.ended = true, .plans = 9, .remaining = 2});
  const SweepState state = LastSweepOf(file).value();
  EXPECT_TRUE(state.ended);
  EXPECT_EQ(state.plans, 9);
  EXPECT_EQ(state.remaining, 2);
}

TEST(LastSweep, OfMergedShardsIsThatOfTheWorst) {
  const StoreFile one, two, killed, unknown;
  MakeStore(one, SweepState{.ended = true, .plans = 3, .remaining = 0});
  MakeStore(two, SweepState{.ended = true, .plans = 4, .remaining = 1});
  MakeStore(killed, SweepState{});
  MakeStore(unknown, std::nullopt);
  const StoreFile ended, open, mixed;
  MergeStores(ended.path(), {one.path(), two.path()});
  MergeStores(open.path(), {one.path(), killed.path()});
  MergeStores(mixed.path(), {one.path(), unknown.path()});
  const SweepState all = LastSweepOf(ended).value();
  EXPECT_TRUE(all.ended);
  EXPECT_EQ(all.plans, 7);
  EXPECT_EQ(all.remaining, 1);
  EXPECT_FALSE(LastSweepOf(open)->ended);
  EXPECT_FALSE(LastSweepOf(mixed).has_value());
}

}  // namespace
}  // namespace faultline
