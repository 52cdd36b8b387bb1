#include "harness/oracle/common_call.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

Frame Call(const std::string& function, uint64_t offset, int line = 1) {
  return {.function = function, .file = "a.c", .line = line, .module = "target", .offset = offset};
}

const Frame kMain = Call("main", 1);

std::string CommonFunction(const Stack& one, const Stack& other) {
  const std::optional<CommonCall> common = FindCommonCall(one, other);
  if (!common) {
    return "";
  }
  EXPECT_EQ(one[common->in_one].function, other[common->in_other].function);
  return one[common->in_one].function;
}

TEST(CommonCall, IsTheDeepestFunctionWithTheSameCallersAtWhateverLine) {
  const Stack made = {Call("create_pool", 10), Call("open_device", 20), kMain};
  const Stack failed = {Call("alloc", 1), Call("start", 2), Call("open_device", 21), kMain};
  EXPECT_EQ(CommonFunction(made, failed), "open_device");
  EXPECT_EQ(CommonFunction(failed, made), "open_device");
}

TEST(CommonCall, IsNotACalleeThatIsCalledTwice) {
  const Stack first = {Call("ring", 5), Call("make", 10), Call("open_device", 20), kMain};
  const Stack second = {Call("ring", 5), Call("make", 10), Call("open_device", 21), kMain};
  EXPECT_EQ(CommonFunction(first, second), "open_device");
}

// An inlined function and the one around it have one address.
TEST(CommonCall, MayBeInlined) {
  const Stack made = {Call("open_device", 30, 5), Call("probe", 30, 9), kMain};
  const Stack failed = {Call("alloc", 1), Call("open_device", 34, 6), Call("probe", 34, 9), kMain};
  EXPECT_EQ(CommonFunction(made, failed), "open_device");
  const Stack elsewhere = {Call("alloc", 1), Call("open_device", 34, 6), Call("probe", 34, 12),
                           kMain};
  EXPECT_EQ(CommonFunction(made, elsewhere), "probe") << "it was inlined there twice";
}

TEST(CommonCall, OfARecursionIsWhereBothStacksEndAlike) {
  const Stack made = {Call("walk", 10), Call("walk", 11), kMain};
  const Stack failed = {Call("alloc", 1), Call("walk", 12), Call("walk", 11), Call("walk", 11),
                        kMain};
  const std::optional<CommonCall> common = FindCommonCall(made, failed);
  ASSERT_TRUE(common);
  EXPECT_EQ(common->in_one, 0u);
  EXPECT_EQ(common->in_other, 2u) << "made.size() - 0 == failed.size() - 2";
}

TEST(CommonCall, IsFoundWhereALongStackIsCut) {
  const Stack made = {Call("open_device", 20), Call("probe", 3), kMain};
  const Stack failed = {Call("alloc", 1), Call("open_device", 21), Call("probe", 3)};
  EXPECT_EQ(CommonFunction(made, failed), "open_device");
}

TEST(CommonCall, IsNoneOfTwoThreadsOrWithoutStacks) {
  const Stack worker = {Call("create_pool", 10), Call("worker", 20)};
  EXPECT_FALSE(FindCommonCall(worker, {Call("alloc", 1), kMain}));
  EXPECT_FALSE(FindCommonCall({}, {}));
  EXPECT_FALSE(FindCommonCall(worker, {}));
}

}  // namespace
}  // namespace faultline
