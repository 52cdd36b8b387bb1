#include "harness/planner/startup_libraries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/failure.h"
#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(StartupLibraries, AreWhatTheLoaderMaps) {
  auto libraries = StartupLibraries(std::filesystem::canonical("/proc/self/exe"));
  std::vector<std::string> names;
  for (const auto& library : libraries) {
    EXPECT_TRUE(library.is_absolute());
    names.push_back(library.filename());
  }
  EXPECT_THAT(names, Contains("libc.so.6"));
  EXPECT_THAT(names, Contains(HasSubstr("libZydis.so")));
}

TEST(StartupLibraries, AreRememberedUntilAFileChanges) {
  testkit::TemporaryDirectory dir;
  auto program = dir.path() / "program";
  std::filesystem::copy_file(std::filesystem::canonical("/proc/self/exe"), program);
  auto cold = StartupLibraries(program, {}, dir.path() / "cache");
  EXPECT_EQ(StartupLibraries(program, {}, dir.path() / "cache"), cold);
  std::filesystem::remove(program);
  std::filesystem::copy_file(FAULTLINE_PROLOGUES, program);
  EXPECT_THAT(StartupLibraries(program, {}, dir.path() / "cache"), IsEmpty())
      << "a library without a loader of its own";
}

TEST(StartupLibraries, SaysWhichLibraryIsNotFound) {
  try {
    StartupLibraries(FAULTLINE_ORPHAN);
    ADD_FAILURE() << "it was found";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kCannotWork);
    EXPECT_THAT(failure.what(), HasSubstr("libplanner-parent.so is not found"));
  }
}

TEST(StartupLibraries, FollowTheTargetsEnvironment) {
  auto libraries =
      StartupLibraries(FAULTLINE_ORPHAN, {std::string("LD_LIBRARY_PATH=") + FAULTLINE_PARENT_DIR});
  EXPECT_THAT(libraries,
              Contains(std::filesystem::path(FAULTLINE_PARENT_DIR) / "libplanner-parent.so"));
}

}  // namespace
}  // namespace faultline
