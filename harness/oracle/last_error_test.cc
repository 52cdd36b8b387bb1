#include "harness/oracle/last_error.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

Evidence Said(const std::vector<std::string>& lines) {
  Evidence evidence;
  for (const std::string& line : lines) {
    evidence.log.push_back({.time_ms = static_cast<int64_t>(evidence.log.size()), .text = line});
  }
  return evidence;
}

TEST(LastError, IsTheLastLineThatSpeaksOfOne) {
  EXPECT_EQ(FindLastError(Said({"cannot grow", "cannot shrink", "port 0: 00:01"}), nullptr), 1u);
  EXPECT_EQ(FindLastError(Said({"up", "down"}), nullptr), std::nullopt);
  EXPECT_EQ(
      FindLastError(Said({"libgcc_s.so.1 must be installed for pthread_cancel to work"}), nullptr),
      0u);
}

TEST(LastError, IsNoNoticeAndNoWarning) {
  EXPECT_EQ(FindLastError(Said({"a.c: 1:f: *ERROR*: no ring",
                                "[2026-01-02 20:21:22.1] b.c: 2:g: *NOTICE*: error log enabled",
                                "b.c: 2:g: *WARNING*: cannot lock", "EAL: WARNING: no such path",
                                "INFO: 3 errors so far"}),
                          nullptr),
            0u);
}

TEST(LastError, IsNothingThatFaultFreeRunsSayToo) {
  FaultFreeRun fault_free;
  fault_free.lines = {"EAL: Cannot get hugepage information"};
  EXPECT_EQ(FindLastError(Said({"no memory for ring", "EAL: Cannot get hugepage information"}),
                          &fault_free),
            0u);
  EXPECT_EQ(FindLastError(Said({"EAL: Cannot get hugepage information"}), &fault_free),
            std::nullopt);
}

TEST(LastError, LooksOnlyWhereItIsAskedTo) {
  const Evidence evidence = Said({"cannot grow", "a", "b", "cannot shrink"});
  EXPECT_EQ(FindLastError(evidence, nullptr, 2), 0u);
  EXPECT_EQ(FindLastError(evidence, nullptr, 2, 3), std::nullopt);
}

TEST(MessageOfLine, IsWhatStandsBehindTheLevelWithItsRealValues) {
  EXPECT_EQ(MessageOfLine("[2026-01-02 20:21:22.123456] thread.c:3012:spdk_spin_lock: *ERROR*: "
                          "unrecoverable spinlock error 8: Lock has been destroyed (sspin)"),
            "unrecoverable spinlock error 8: Lock has been destroyed (sspin)");
  EXPECT_EQ(MessageOfLine("2026-01-02T20:21:22Z|00012|dpdk|EMER|Cannot init vhost-user7"),
            "Cannot init vhost-user7");
  EXPECT_EQ(MessageOfLine("EAL: Cannot open 'net_null0' "), "EAL: Cannot open 'net_null0'");
  EXPECT_EQ(MessageOfLine(""), "");
}

}  // namespace
}  // namespace faultline
