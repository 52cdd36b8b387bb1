#include "harness/scenario/data_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

using testing::TempDir;

class DataKindTest : public ::testing::Test {
 protected:
  DataKind KindOf(const std::string& text) { return KindOfFile(dir_.Write("x.yaml", text)); }
  bool IsOurs(const std::string& text) { return IsDataFile(dir_.Write("x.yaml", text)); }

  TempDir dir_;
};

TEST_F(DataKindTest, AFileIsWhatItsKeysSayHoweverTheyAreWritten) {
  EXPECT_EQ(KindOf("faultline: 1\nprogram: x\n"), DataKind::kProfile);
  EXPECT_EQ(KindOf("# c\n\nfaultline: 1\r\nprogram:\r\n  x\r\n"), DataKind::kProfile);
  EXPECT_EQ(KindOf("---\nfaultline: 1\nprogram: x\n"), DataKind::kProfile);
  EXPECT_EQ(KindOf("faultline: 1\n\"program\": x\n"), DataKind::kProfile);
  EXPECT_EQ(KindOf("{faultline: 1,\nprogram: x}\n"), DataKind::kProfile);
  EXPECT_EQ(KindOf("faultline: 1\npoints-: [a]\n"), DataKind::kCatalogue);
  EXPECT_EQ(KindOf("findings: []\n"), DataKind::kBaseline);
}

TEST_F(DataKindTest, WhatStandsWithinAValueIsNoKey) {
  EXPECT_EQ(KindOf("faultline: 1\nprofile: p\nvariables:\n  program: x\n"), DataKind::kScenario);
  EXPECT_EQ(KindOf("faultline: 1\nsummary: |\n  program: x\n  points: y\nsteps: []\n"),
            DataKind::kScenario);
  EXPECT_EQ(KindOf("faultline: 1\nprogram:x: y\nsteps: []\n"), DataKind::kScenario);
  EXPECT_FALSE(IsOurs("name: x\njobs:\n  profile: y\n  faultline: 1\n"));
  EXPECT_FALSE(IsOurs("faultlines: 1\nprofiles: x\n"));
}

TEST_F(DataKindTest, WhatStandsBesideAFileIsReadOnlyIfItIsAFile) {
  ASSERT_EQ(::mkfifo((dir_.path() / "fifo.yaml").c_str(), 0600), 0);        // waited for, for ever
  std::filesystem::create_symlink("/dev/zero", dir_.path() / "zero.yaml");  // read, for ever
  EXPECT_EQ(KindOf("faultline: 1\nsteps: [wait_ready]\n"), DataKind::kScenario);
}

TEST_F(DataKindTest, AMistakeInAFileDoesNotMakeItSomebodyElses) {
  EXPECT_TRUE(IsOurs("faultline: 1\nsteps: [\n"));
  EXPECT_TRUE(IsOurs("faultline 1\nsteps: [\n"));  // not even that can be read
  EXPECT_EQ(KindOf("faultline: 1\nprogram: x\nargs: [\n"), DataKind::kProfile);
  EXPECT_TRUE(IsDataFile(dir_.path() / "missing.yaml"));
}

}  // namespace
}  // namespace faultline
