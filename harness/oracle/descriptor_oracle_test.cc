#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"
#include "harness/oracle/testing/stack_recorder.h"

namespace faultline {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
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
  fault_free_.unwinds = true;
  EXPECT_THAT(run_.Judge(), IsEmpty());
}

TEST_F(OpenDescriptors, AStandardOneThatWasClosedWasNotTheTargetsToClose) {
  run_.evidence.journal.records.front().key = 5;  // what was 0
  fault_free_.open_files["file"] = 4;
  const std::vector<Finding> findings = run_.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_EQ(findings[0].title, "standard descriptor 0 was closed");
  run_.Inject("memfd");
  run_.evidence.injections[0].stack = {testkit::At("", "", "librte_eal.so.23"),
                                       testkit::At("spdk_env_init", "/src/init.c")};
  EXPECT_EQ(run_.Judge().at(0).title,
            "standard descriptor 0 was closed, after point/of/memfd failed below spdk_env_init");
}

// ---- Which of several it is

// Descriptors that were opened by the functions below.
class OpenedDescriptors : public testkit::StackRecorder {
 public:
  OpenedDescriptors() {
    for (const char* name : {"fd/socket", "fd/open", "fd/copy"}) {
      Observer observer = testkit::MakeObserver(name, Observer::Event::kCreate, std::nullopt);
      catalogue.observers.push_back(observer);
      evidence.observers.push_back(name);
    }
  }
};

[[gnu::noinline]] void OpenServer(OpenedDescriptors& run) {
  run.Record("fd/socket", 7);
  NO_TAIL_CALL;
}
[[gnu::noinline]] void OpenClient(OpenedDescriptors& run, bool fails) {
  run.Record("fd/socket", 5);
  NO_TAIL_CALL;
  if (fails) {
    run.Fail();
  }
  NO_TAIL_CALL;
}

TEST(OpenedDescriptor, ThatStaysIsNamedByWhoOpenedItThoughAnotherWasOpenedLater) {
  OpenedDescriptors fault_free;
  OpenClient(fault_free, false);
  OpenServer(fault_free);
  NO_TAIL_CALL;
  fault_free.OpenAtExit(7, "socket:[100]");
  const FaultFreeRun described =
      DescribeFaultFree(fault_free.evidence, fault_free.catalogue, fault_free.profile);
  OpenedDescriptors run;
  run.fault_free = &described;
  OpenClient(run, true);
  OpenServer(run);
  NO_TAIL_CALL;
  run.OpenAtExit(5, "socket:[200]");
  run.OpenAtExit(7, "socket:[201]");
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_THAT(findings[0].title,
              AllOf(HasSubstr("a descriptor is never closed by the error path of "),
                    HasSubstr("OpenClient: socket")));
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("descriptor 5 is socket")));
}

// 5 was a socket, was closed, and libc opened a file of its own by it.
TEST(OpenedDescriptor, IsNotNamedByWhoOpenedWhatHadItsNumberBefore) {
  OpenedDescriptors fault_free;
  fault_free.OpenAtExit(0, "/dev/null");
  const FaultFreeRun described =
      DescribeFaultFree(fault_free.evidence, fault_free.catalogue, fault_free.profile);
  OpenedDescriptors run;
  run.fault_free = &described;
  OpenClient(run, false);
  NO_TAIL_CALL;
  run.OpenAtExit(0, "/dev/null");
  run.OpenAtExit(5, "/proc/meminfo");
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("leak")));
  EXPECT_EQ(findings[0].title, "a descriptor is never closed: file");
  EXPECT_THAT(findings[0].stack, IsEmpty());
  EXPECT_THAT(findings[0].details, Contains(HasSubstr("which of them")));
}

}  // namespace
}  // namespace faultline
