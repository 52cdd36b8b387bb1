#include "harness/store/sweep_state.h"

#include <gtest/gtest.h>

#include "harness/store/merge.h"
#include "harness/store/testing/store_values.h"

namespace faultline {
namespace {

using testkit::AnEnvironment;
using testkit::StoreFile;

TEST(SweepState, IsOfTheLastSweepAndNotKnownOfAnOlderStore) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  EXPECT_FALSE(ReadSweepState(file.path()).has_value());
  WriteSweepState(file.path(), {});
  EXPECT_FALSE(ReadSweepState(file.path())->ended);
  WriteSweepState(file.path(), {.ended = true, .plans = 9, .remaining = 2});
  const SweepState state = ReadSweepState(file.path()).value();
  EXPECT_TRUE(state.ended);
  EXPECT_EQ(state.plans, 9);
  EXPECT_EQ(state.remaining, 2);
  EXPECT_NO_THROW(Store(file.path(), Store::Mode::kRead)) << "for all that it is a store";
}

TEST(SweepState, OfMergedShardsIsThatOfTheWorst) {
  const StoreFile one, two, killed, unknown;
  for (const StoreFile* file : {&one, &two, &killed, &unknown}) {
    Store(file->path(), Store::Mode::kCreate).AddEnvironment(AnEnvironment());
  }
  WriteSweepState(one.path(), {.ended = true, .plans = 3, .remaining = 0});
  WriteSweepState(two.path(), {.ended = true, .plans = 4, .remaining = 1});
  WriteSweepState(killed.path(), {});
  const StoreFile ended, open, mixed;
  MergeStores(ended.path(), {one.path(), two.path()});
  MergeStores(open.path(), {one.path(), killed.path()});
  MergeStores(mixed.path(), {one.path(), unknown.path()});
  const SweepState all = ReadSweepState(ended.path()).value();
  EXPECT_TRUE(all.ended);
  EXPECT_EQ(all.plans, 7);
  EXPECT_EQ(all.remaining, 1);
  EXPECT_FALSE(ReadSweepState(open.path())->ended);
  EXPECT_FALSE(ReadSweepState(mixed.path()).has_value());
}

}  // namespace
}  // namespace faultline
