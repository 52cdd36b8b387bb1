#include "harness/run/leftovers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "harness/base/failure.h"
#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

using testing::ElementsAre;

class LeftoversTest : public testing::Test {
 protected:
  testkit::TemporaryDirectory temporary_;
  const std::filesystem::path& directory_ = temporary_.path();
  const Variables values_ = {
      {"pid", "4711"}, {"run_dir", "/run/dir"}, {"cpu", "1"}, {"second_cpu", "2"}};
};

TEST_F(LeftoversTest, RemovesTheRunsFilesAndNoOthers) {
  const auto own = directory_ / "x_trace.pid4711";
  const auto other = directory_ / "x_trace.pid42";
  {
    Leftovers leftovers;
    leftovers.Watch({directory_.string() + "/*_trace.pid${pid}"}, values_);
    std::ofstream(own) << "x";
    std::ofstream(other) << "x";
    EXPECT_THAT(leftovers.Find(), ElementsAre(own));
  }
  EXPECT_FALSE(std::filesystem::exists(own));
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST_F(LeftoversTest, WhatAValueHasOfWildcardsStandsForItself) {
  const auto own = directory_ / "a[1]*" / "left";
  const auto other = directory_ / "a1x" / "left";
  for (const auto& file : {own, other}) {
    std::filesystem::create_directory(file.parent_path());
    std::ofstream(file) << "x";
  }
  {
    Leftovers leftovers;
    leftovers.Watch({"${run_dir}/l*"}, {{"run_dir", own.parent_path()}});
    EXPECT_THAT(leftovers.Find(), ElementsAre(own));
  }
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST_F(LeftoversTest, RefusesPatternsThatFitFilesOfOthers) {
  for (const char* pattern :
       {"/dev/shm/*", "trace.pid${pid}", "*", "/tmp/dpdk-${cpu}*", "/tmp/x${second_cpu}",
        "/tmp/x${pid}*", "/tmp/*${pid}", "/tmp/1${pid}", "${run_dir}/../*", "/tmp/4711"}) {
    Leftovers leftovers;
    EXPECT_THROW(leftovers.Watch({pattern}, values_), Failure) << pattern;
  }
}

}  // namespace
}  // namespace faultline
