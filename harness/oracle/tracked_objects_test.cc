#include "harness/oracle/tracked_objects.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

TEST(WithoutNumbers, LeavesWhatIsTheSameInEachRun) {
  EXPECT_EQ(WithoutNumbers("/tmp/spdk_pid4711 of 12ab34cd56"), "/tmp/spdk_pid# of #");
  EXPECT_EQ(WithoutNumbers("ring at 0x7f12ab"), "ring at #");
  EXPECT_EQ(WithoutNumbers("deadbeef"), "deadbeef") << "a word, as far as anybody can tell";
}

TEST(WithoutNumbers, TakesAUuidForOneNumber) {
  EXPECT_EQ(WithoutNumbers("bdev_f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), "bdev_#");
  EXPECT_EQ(WithoutNumbers("bdev_abcdefab-cdef-abcd-efab-cdefabcdefab"), "bdev_#");
  EXPECT_EQ(WithoutNumbers("bdev_f81d4fae-7dec-11d0-a765"), "bdev_#-#dec-#d#-a#");
}

}  // namespace
}  // namespace faultline
