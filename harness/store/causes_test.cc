#include "harness/store/causes.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

FindingGroup WithCause(const std::string& cause) {
  FindingGroup group;
  group.cause = cause;
  return group;
}

TEST(Causes, GatherWhatIsMendedAtOnePlaceInTheOrderOfTheFirst) {
  const FindingGroup a = WithCause("register tells nobody");
  const FindingGroup b = WithCause("the error path of open forgets");
  const FindingGroup c = WithCause("register tells nobody");
  const std::vector<CauseGroup> groups = GroupByCause({&a, &b, &c});
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_EQ(groups[0].text, "register tells nobody");
  EXPECT_THAT(groups[0].members, ElementsAre(0, 2));
  EXPECT_THAT(groups[1].members, ElementsAre(1));
  EXPECT_EQ(CountCauses({&a, &b, &c}), "2 causes (3 findings)");
  EXPECT_EQ(CountCauses({&a, &c}), "1 cause (2 findings)");
}

// The pools of one init are made by a function each, and nobody frees them when one fails.
TEST(Causes, AreSharedByOneClauseAndByWayOfOthers) {
  const FindingGroup inner = WithCause("the error path of make_pool forgets; the pool of init");
  const FindingGroup other = WithCause("the error path of open forgets");
  const FindingGroup outer = WithCause("the error path of make_pools forgets; the pool of init");
  const FindingGroup ring = WithCause("the error path of make_pools forgets; the ring of init");
  const std::vector<CauseGroup> groups = GroupByCause({&inner, &other, &ring, &outer});
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_THAT(groups[0].members, ElementsAre(0, 2, 3));
  EXPECT_EQ(groups[0].text, "the error path of make_pool forgets");
  EXPECT_EQ(GroupByCause({&inner, &outer})[0].text, "the pool of init");
}

// That nothing is known of two findings is nothing that they have in common.
TEST(Causes, OfWhichNothingIsKnownAreNotShared) {
  const FindingGroup a = WithCause("");
  const FindingGroup b = WithCause("");
  EXPECT_THAT(GroupByCause({&a, &b}), SizeIs(2));
  EXPECT_EQ(CountCauses({&a, &b}), "2 findings");
  EXPECT_EQ(CountCauses({&a}), "1 finding");
  EXPECT_THAT(GroupByCause({}), IsEmpty());
}

}  // namespace
}  // namespace faultline
