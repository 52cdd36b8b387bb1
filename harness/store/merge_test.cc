#include "harness/store/merge.h"

#include <gmock/gmock.h>

#include "harness/base/failure.h"
#include "harness/store/store.h"
#include "harness/store/testing/store_values.h"

namespace faultline {
namespace {

using ::testing::SizeIs;
using testkit::AFinding;
using testkit::AnEnvironment;
using testkit::ARun;
using testkit::ASite;
using testkit::StoreFile;

void Fill(const StoreFile& file, const std::vector<std::string>& runs,
          const std::string& scenario_key = "scenario-1") {
  Store store(file.path(), Store::Mode::kCreate);
  StoredEnvironment environment = AnEnvironment();
  environment.scenario_key = scenario_key;
  store.AddEnvironment(environment);
  Store::Census census;
  census.selection = "all";
  census.sites = {ASite("a", 1), ASite("b", 2)};
  store.AddCensus(census);
  for (const std::string& key : runs) {
    StoredRun run = ARun(key);
    run.findings = {AFinding("crash: x")};
    store.AddRun(run);
  }
  store.SetConfirmation({"crash: x", 3, static_cast<int64_t>(runs.size()), runs.front(), "short"});
}

TEST(Merge, TheWholeIsTheSumOfItsShards) {
  const StoreFile one, two, out, whole;
  Fill(one, {"1", "3"});
  Fill(two, {"2"});
  Fill(whole, {"1", "2", "3"});
  const MergeResult result = MergeStores(out.path(), {one.path(), two.path()});
  EXPECT_EQ(result.runs, 3u);
  EXPECT_EQ(result.runs_in_several, 0u);
  Store merged(out.path(), Store::Mode::kRead);
  Store unsharded(whole.path(), Store::Mode::kRead);
  EXPECT_EQ(merged.RunKeys(), unsharded.RunKeys());
  ASSERT_THAT(merged.Findings(), SizeIs(1));
  EXPECT_EQ(merged.Findings()[0].run_keys, unsharded.Findings()[0].run_keys);
  EXPECT_THAT(merged.Sites(), SizeIs(2));
  EXPECT_EQ(merged.Findings()[0].confirmed, 2);
}

TEST(Merge, APlanThatSeveralRanCountsOnce) {
  const StoreFile one, two, out;
  Fill(one, {"1", "2"});
  Fill(two, {"2"});
  const MergeResult result = MergeStores(out.path(), {one.path(), two.path()});
  EXPECT_EQ(result.runs, 2u);
  EXPECT_EQ(result.runs_in_several, 1u);
}

TEST(Merge, TheConfirmationToBelieveMostIsKept) {
  const StoreFile one, two, out;
  Fill(one, {"1"});
  Fill(two, {"2"});
  const auto confirm = [](const StoreFile& file, StoredProof::State proof) {
    Confirmation confirmation{"crash: x", 3, 3, "1", "scenario"};
    confirmation.proof = {proof, "why", "00ff"};
    Store(file.path(), Store::Mode::kWrite).SetConfirmation(confirmation);
  };
  confirm(one, StoredProof::State::kMissing);
  confirm(two, StoredProof::State::kProven);
  MergeStores(out.path(), {one.path(), two.path()});
  const FindingGroup merged = Store(out.path(), Store::Mode::kRead).Findings().at(0);
  EXPECT_EQ(merged.proof.state, StoredProof::State::kProven);
  EXPECT_EQ(merged.proof.text, "why");
  EXPECT_EQ(merged.proof.site, "00ff");
}

TEST(Merge, RefusesShardsOfDifferentSweeps) {
  const StoreFile one, two, out;
  Fill(one, {"1"});
  Fill(two, {"2"}, "scenario-2");
  EXPECT_THROW(MergeStores(out.path(), {one.path(), two.path()}), Failure);
  EXPECT_FALSE(std::filesystem::exists(out.path())) << "nothing is left behind";
}

TEST(Merge, RefusesToMergeAStoreIntoItself) {
  const StoreFile one;
  Fill(one, {"1"});
  EXPECT_THROW(MergeStores(one.path(), {one.path()}), Failure);
}

TEST(Merge, AMissingShardIsSaidBeforeAnythingIsWritten) {
  const StoreFile one, out;
  Fill(one, {"1"});
  EXPECT_THROW(MergeStores(out.path(), {one.path(), "/nonexistent/x.db"}), Failure);
  EXPECT_FALSE(std::filesystem::exists(out.path()));
}

}  // namespace
}  // namespace faultline
