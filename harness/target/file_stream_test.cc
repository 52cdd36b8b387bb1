#include "harness/target/file_stream.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

namespace faultline {
namespace {

uint64_t AddressOf(const void* object) { return reinterpret_cast<uint64_t>(object); }

TEST(DescriptorOfStreamTest, IsThatOfTheStream) {
  EXPECT_EQ(DescriptorOfStream(::getpid(), AddressOf(stdout)), 1);
  FILE* file = std::fopen("/dev/null", "w");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(DescriptorOfStream(::getpid(), AddressOf(file)), ::fileno(file));
  std::fclose(file);
}

TEST(DescriptorOfStreamTest, IsNegativeForAStreamWithoutOne) {
  // As DPDK's log is one.
  FILE* cookie = ::fopencookie(nullptr, "w", {});
  ASSERT_NE(cookie, nullptr);
  EXPECT_LT(DescriptorOfStream(::getpid(), AddressOf(cookie)).value_or(0), 0);
  std::fclose(cookie);
}

TEST(DescriptorOfStreamTest, WhatIsNoStreamHasNone) {
  const std::string text(200, 'x');
  EXPECT_FALSE(DescriptorOfStream(::getpid(), AddressOf(text.data())));
  EXPECT_FALSE(DescriptorOfStream(::getpid(), 8));
}

}  // namespace
}  // namespace faultline
