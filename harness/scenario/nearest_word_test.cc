#include "harness/scenario/nearest_word.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

TEST(NearestWordTest, CountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("steps", "steps"), 0u);
  EXPECT_EQ(EditDistance("steps", "step"), 1u);
  EXPECT_EQ(EditDistance("stops", "steps"), 1u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
}

TEST(NearestWordTest, SwappedNeighboursAreOneEdit) {
  EXPECT_EQ(EditDistance("rcp", "rpc"), 1u);
  EXPECT_EQ(EditDistance("traget", "target"), 1u);
}

TEST(NearestWordTest, FindsTheWordThatWasMeant) {
  const std::vector<std::string> known = {"environment", "extra_args", "profile", "resources"};
  EXPECT_EQ(NearestWord("enviroment", known), "environment");
  EXPECT_EQ(NearestWord("resorces", known), "resources");
  EXPECT_EQ(DidYouMean("profil", known), "; did you mean `profile`?");
}

TEST(NearestWordTest, FindsAWordByItsBeginningOrEnd) {
  EXPECT_EQ(NearestWord("ring/create", {"dpdk/mempool/create", "dpdk/ring/create"}),
            "dpdk/ring/create");
  EXPECT_EQ(NearestWord("site_id", {"signal", "site"}), "site");
}

TEST(NearestWordTest, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(NearestWord("frobnicate", {"steps", "faults"}), "");
  EXPECT_EQ(NearestWord("a", {"xyz"}), "");
  EXPECT_EQ(NearestWord("", {"a"}), "");
  EXPECT_EQ(DidYouMean("frobnicate", {}), "");
}

TEST(NearestWordTest, HugeWordsHaveNoNeighbour) {
  const std::string huge(1000, 'x');
  EXPECT_EQ(NearestWord(huge, {huge}), "");
}

}  // namespace
}  // namespace faultline
