#include "harness/run/snapshot_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace faultline {
namespace {

// 16 MiB in small pages take 8 ms.
bool AreCheaper(double large_ms) {
  return LargePagesAreCheaper(256, [large_ms](uint64_t mb, int advice, double most_ms) {
    if (advice == MADV_NOHUGEPAGE) {
      EXPECT_EQ(mb, 16U);
      return 8.0;
    }
    EXPECT_EQ(mb, 256U);
    EXPECT_EQ(most_ms, 128.0) << "no longer than is needed to know";
    return large_ms;
  });
}

TEST(LargePagesAreCheaper, WhereTheSameMemoryTakesLessTimeInThem) {
  EXPECT_TRUE(AreCheaper(20));
  EXPECT_TRUE(AreCheaper(127));
  EXPECT_FALSE(AreCheaper(128));
  EXPECT_FALSE(AreCheaper(300));
}

TEST(LargePagesAreCheaper, IsMeasuredAndTheMemoryIsGivenBack) {
  const auto mapped = [] {
    uint64_t bytes = 0;
    for (const Mapping& mapping : MappingsOf(getpid())) {
      bytes += mapping.end - mapping.begin;
    }
    return bytes;
  };
  LargePagesAreCheaper(2);
  const uint64_t before = mapped();
  LargePagesAreCheaper(64);
  EXPECT_LT(mapped(), before + (uint64_t{32} << 20));
}

TEST(IsNameless, SaysWhetherAnotherProcessFindsMemoryByItsFile) {
  const auto is = [](const std::string& path) { return IsNameless({.path = path}); };
  EXPECT_TRUE(is("/memfd:memseg (deleted)"));
  EXPECT_TRUE(is("/dev/zero (deleted)"));
  EXPECT_TRUE(is("/dev/shm/spdk_tgt_trace.pid7 (deleted)"));
  EXPECT_FALSE(is("/dev/shm/spdk_tgt_trace.pid7"));
  EXPECT_FALSE(is("/run/dpdk/rte/config (deleted)"));
}

}  // namespace
}  // namespace faultline
