#include "harness/run/argument_places.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(ArgumentPlaces, WhatAProgramMakesWhereItsArgumentsLeadIsSeen) {
  const testkit::TemporaryDirectory directory;
  const fs::path& at = directory.path();
  fs::create_directories(at / "empty");
  fs::create_directories(at / "used");
  fs::create_directories(at / "read");
  std::ofstream(at / "used/conf") << "x";
  std::ofstream(at / "read/conf") << "x";
  ArgumentPlaces places({at / "empty/", "--dir=" + (at / "used").string(), at / "read",
                         "--pid=" + (at / "a.pid").string(), at / "never", at / "used/conf", "word",
                         "/dev/null", "--x", "${run_dir}/y"});
  std::ofstream(at / "used/lock") << "x";
  std::ofstream(at / "a.pid") << "x";
  places.Look();
  fs::remove(at / "a.pid");  // as a clean end does
  places.Look();
  const std::vector<ArgumentPlace> filled = places.Filled();
  ASSERT_THAT(filled, SizeIs(3));
  EXPECT_EQ(filled[0].path, at / "a.pid");
  EXPECT_EQ(filled[0].kind, ArgumentPlace::Kind::kMade);
  EXPECT_EQ(filled[1].path, at / "empty");
  EXPECT_EQ(filled[1].kind, ArgumentPlace::Kind::kEmptyDirectory);
  EXPECT_EQ(filled[2].kind, ArgumentPlace::Kind::kDirectory);
  EXPECT_THAT(filled[2].made, ElementsAre((at / "used/lock").string()));
}

TEST(ArgumentPlaces, DevicesAreNoPlaces) {
  EXPECT_EQ(PathInArgument("/dev/null"), std::string::npos);
  EXPECT_EQ(PathInArgument("--mode=fast"), std::string::npos);
  EXPECT_EQ(PathInArgument("--dir=/var/x"), 6U);
  EXPECT_THAT(ArgumentPlaces({"/proc/self", "a"}).Filled(), IsEmpty());
}

}  // namespace
}  // namespace faultline
