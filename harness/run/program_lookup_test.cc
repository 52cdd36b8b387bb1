#include "harness/run/program_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "harness/base/failure.h"
#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ProgramLookupTest : public testing::Test {
 protected:
  ProgramLookupTest() { profile_.name = "toy"; }
  ~ProgramLookupTest() override { ::unsetenv("FAULTLINE_LOOKUP_TEST"); }

  std::filesystem::path MakeProgram(const std::string& name, bool executable = true) {
    const std::filesystem::path path = directory_ / name;
    std::ofstream(path) << "#!/bin/sh\n";
    if (executable) {
      std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    }
    return path;
  }

  testkit::TemporaryDirectory temporary_;
  const std::filesystem::path& directory_ = temporary_.path();
  Profile profile_;
};

TEST_F(ProgramLookupTest, TakesABareNameFromItsOwnDirectoryBeforePath) {
  profile_.program = "true";
  EXPECT_THAT(FindProgram(profile_, "", directory_).program.string(), HasSubstr("/bin/true"));
  const auto own = MakeProgram("true");
  EXPECT_EQ(FindProgram(profile_, "", directory_).program, own);
}

TEST_F(ProgramLookupTest, FindsWhatAnInstallationHasInItsLibraryDirectory) {
  std::filesystem::create_directories(directory_ / "bin");
  std::filesystem::create_directories(directory_ / "lib/faultline");
  const auto program = MakeProgram("lib/faultline/true");
  const auto agent = MakeProgram("lib/faultline/libfaultline_agent.so");
  profile_.program = "true";
  EXPECT_EQ(FindProgram(profile_, "", directory_ / "bin").program, program);
  EXPECT_EQ(RequireAgent(directory_ / "bin"), agent);
}

TEST_F(ProgramLookupTest, PrefersTheOptionThenTheVariableThenTheProfile) {
  profile_.program = MakeProgram("from_profile");
  profile_.program_variable = "FAULTLINE_LOOKUP_TEST";
  const auto from_variable = MakeProgram("from_variable");
  const auto from_option = MakeProgram("from_option");
  EXPECT_EQ(FindProgram(profile_, "", directory_).program, profile_.program);
  ::setenv("FAULTLINE_LOOKUP_TEST", from_variable.c_str(), 1);
  EXPECT_EQ(FindProgram(profile_, "", directory_).program, from_variable);
  EXPECT_EQ(FindProgram(profile_, from_option, directory_).program, from_option);
}

TEST_F(ProgramLookupTest, NamesTheDebianPackageOfAMissingProgram) {
  profile_.program = "no-such-program-anywhere";
  profile_.package = "dpdk-dev";
  const ProgramSearch search = FindProgram(profile_, "", directory_);
  EXPECT_TRUE(search.program.empty());
  EXPECT_THAT(search.problem,
              AllOf(HasSubstr("no-such-program-anywhere"), HasSubstr("apt-get install dpdk-dev"),
                    HasSubstr(directory_.string())));
}

TEST_F(ProgramLookupTest, SaysWhichVariableWouldNameTheProgram) {
  profile_.program_variable = "FAULTLINE_LOOKUP_TEST";
  EXPECT_THAT(FindProgram(profile_, "", directory_).problem,
              AllOf(HasSubstr("--program"), HasSubstr("FAULTLINE_LOOKUP_TEST")));
}

TEST_F(ProgramLookupTest, SaysWhyAFileIsNoProgram) {
  const auto plain = MakeProgram("plain", false);
  EXPECT_THAT(FindProgram(profile_, plain, directory_).problem, HasSubstr("may not be executed"));
  EXPECT_THAT(FindProgram(profile_, directory_, directory_).problem,
              HasSubstr("not a regular file"));
}

TEST_F(ProgramLookupTest, BlamesTheUserForTheOptionAndTheMachineForTheRest) {
  profile_.program = "no-such-program-anywhere";
  const auto code = [&](const std::filesystem::path& given) {
    try {
      RequireProgram(profile_, given, directory_);
    } catch (const Failure& failure) {
      return failure.code();
    }
    return ExitCode::kAsExpected;
  };
  EXPECT_EQ(code("/no/such/file"), ExitCode::kBadInput);
  EXPECT_EQ(code(""), ExitCode::kCannotWork);
}

}  // namespace
}  // namespace faultline
