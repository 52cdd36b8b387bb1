#include "mocks/dpdk.h"

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_mempool.h>

#include <cerrno>

namespace faultline::mocks {
namespace {

using ::testing::NiceMock;
using ::testing::Return;
using ::testing::StrEq;

TEST(MockDpdkTest, MempoolWorksWithDpdksInlineFunctions) {
  NiceMock<MockDpdk> dpdk;
  rte_mempool* pool =
      rte_mempool_create("p", 2, 16, 0, 0, nullptr, nullptr, nullptr, nullptr, -1, 0);
  ASSERT_NE(pool, nullptr);
  void* first = nullptr;
  void* second = nullptr;
  void* third = nullptr;
  EXPECT_EQ(rte_mempool_get(pool, &first), 0);
  EXPECT_EQ(rte_mempool_get(pool, &second), 0);
  EXPECT_NE(first, second);
  EXPECT_NE(rte_mempool_get(pool, &third), 0);
  rte_mempool_put(pool, first);
  EXPECT_EQ(rte_mempool_get(pool, &third), 0);
  EXPECT_EQ(third, first);
  rte_mempool_free(pool);
  EXPECT_EQ(dpdk.fake().Remains(), "");
}

TEST(MockDpdkTest, OneChosenCallFailsAsDpdkDoes) {
  NiceMock<MockDpdk> dpdk;
  EXPECT_CALL(dpdk, Malloc(StrEq("mine"), 8, 0)).WillOnce(Return(nullptr));
  rte_errno = 0;
  EXPECT_EQ(rte_malloc("mine", 8, 0), nullptr);
  EXPECT_EQ(rte_errno, ENOMEM);
}

}  // namespace
}  // namespace faultline::mocks
