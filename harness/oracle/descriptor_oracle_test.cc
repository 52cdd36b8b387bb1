#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testkit::IsKind;
using testkit::JudgedRun;

class OpenDescriptors : public ::testing::Test {
 protected:
  OpenDescriptors() {
    fault_free_.open_files = {{"file", 3}, {"socket", 1}};
    fault_free_.open_std = {0, 1, 2};
    run_.fault_free = &fault_free_;
    for (const uint64_t number : {0u, 1u, 2u}) {
      run_.OpenAtExit(number, "/dev/null");
    }
  }
  FaultFreeRun fault_free_;
  JudgedRun run_;
};

TEST_F(OpenDescriptors, AsManyAsInTheFaultFreeRunAreNoLeak) {
  run_.OpenAtExit(7, "socket:[815]");
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(OpenDescriptors, MoreOfAKindAreOneFinding) {
  run_.OpenAtExit(7, "socket:[815]");
  run_.OpenAtExit(8, "socket:[816]");
  run_.OpenAtExit(9, "anon_inode:[eventfd]");
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak"), IsKind("leak")));
  EXPECT_EQ(findings[0].title, "a descriptor is never closed: anon_inode:[eventfd]");
  EXPECT_EQ(findings[1].title, "a descriptor is never closed: socket");
}

TEST_F(OpenDescriptors, AreNotCountedWhenTheTargetJustExited) {
  run_.OpenAtExit(7, "socket:[815]");
  run_.OpenAtExit(8, "socket:[816]");
  run_.AddUnwindObserver();
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(OpenDescriptors, AStandardOneThatWasClosedWasNotTheTargetsToClose) {
  run_.evidence.journal.records.front().key = 5;  // what was 0
  fault_free_.open_files["file"] = 4;
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_EQ(findings[0].title, "standard descriptor 0 was closed");
}

}  // namespace
}  // namespace faultline
