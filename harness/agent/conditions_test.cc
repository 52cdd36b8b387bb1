#include "harness/agent/conditions.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "harness/base/testing/temporary_directory.h"
#include "harness/base/unique_fd.h"

namespace faultline::agent {
namespace {

using protocol::PlanCondition;

bool Holds(PlanCondition::Kind kind, uint32_t argument, uint64_t value,
           const uint64_t (&arguments)[6]) {
  const PlanCondition condition{kind, argument, value};
  return ConditionsHold({&condition, 1}, arguments);
}

TEST(ConditionsTest, CompareTheArgumentThatIsNamed) {
  const uint64_t arguments[6] = {1, 2, 0x30, 4, 5, 6};
  EXPECT_TRUE(Holds(PlanCondition::kArgEquals, 1, 2, arguments));
  EXPECT_FALSE(Holds(PlanCondition::kArgEquals, 2, 2, arguments));
  EXPECT_TRUE(Holds(PlanCondition::kArgNotEquals, 5, 5, arguments));
  EXPECT_FALSE(Holds(PlanCondition::kArgNotEquals, 5, 6, arguments));
  EXPECT_TRUE(Holds(PlanCondition::kArgHasBits, 2, 0x11, arguments));
  EXPECT_FALSE(Holds(PlanCondition::kArgHasBits, 2, 0x0f, arguments));
}

TEST(ConditionsTest, SignedComparisonLooksAtTheInt) {
  const uint64_t minus_one[6] = {0xffffffff};  // as a caller passes an int: upper half not set
  EXPECT_TRUE(Holds(PlanCondition::kArgSignedAtMost, 0, 0, minus_one));
  EXPECT_FALSE(Holds(PlanCondition::kArgSignedAtMost, 0, static_cast<uint64_t>(-2), minus_one));
}

TEST(ConditionsTest, AllMustHold) {
  const uint64_t arguments[6] = {1, 2};
  const std::vector<PlanCondition> conditions = {{PlanCondition::kArgEquals, 0, 1},
                                                 {PlanCondition::kArgEquals, 1, 3}};
  EXPECT_FALSE(ConditionsHold(conditions, arguments));
  EXPECT_TRUE(ConditionsHold({}, arguments));
}

TEST(ConditionsTest, OrdinaryFilesAreNotOnHugetlbfs) {
  const UniqueFd fd(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const char path[] = "/proc/self/exe";
  for (const char* each : {path, "relative", "/", "", "no/such/directory"}) {
    const uint64_t arguments[6] = {static_cast<uint64_t>(fd.get()),
                                   reinterpret_cast<uint64_t>(each)};
    EXPECT_FALSE(Holds(PlanCondition::kFdOnHugetlbfs, 0, 0, arguments));
    EXPECT_FALSE(Holds(PlanCondition::kPathOnHugetlbfs, 1, 0, arguments)) << each;
  }
  const uint64_t nothing[6] = {static_cast<uint64_t>(-1), 0};
  EXPECT_FALSE(Holds(PlanCondition::kFdOnHugetlbfs, 0, 0, nothing));
  EXPECT_FALSE(Holds(PlanCondition::kPathOnHugetlbfs, 1, 0, nothing));
}

TEST(ConditionsTest, FilesOnHugetlbfsAreKnownBeforeTheyExist) {
  const testkit::TemporaryDirectory directory;
  if (mount("none", directory.path().c_str(), "hugetlbfs", 0, "size=0") != 0) {
    GTEST_SKIP() << "mounting a hugetlbfs needs root";
  }
  const std::string file = directory.path() / "page";
  {
    const UniqueFd fd(open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    const std::string missing = directory.path() / "missing";
    const uint64_t arguments[6] = {static_cast<uint64_t>(fd.get()),
                                   reinterpret_cast<uint64_t>(missing.c_str())};
    EXPECT_TRUE(Holds(PlanCondition::kFdOnHugetlbfs, 0, 0, arguments));
    EXPECT_TRUE(Holds(PlanCondition::kPathOnHugetlbfs, 1, 0, arguments));
  }
  EXPECT_EQ(umount(directory.path().c_str()), 0);
}

}  // namespace
}  // namespace faultline::agent
