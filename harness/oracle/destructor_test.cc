#include "harness/oracle/destructor.h"

#include <gmock/gmock.h>

#include "harness/oracle/testing/judged_run.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testkit::At;
using testkit::IsKind;
using testkit::JudgedRun;

const Frame kFini = At("_dl_fini", "./elf/dl-fini.c", "ld-linux-x86-64.so.2");
const Frame kCallFini = At("_dl_call_fini", "./elf/dl-call_fini.c", "ld-linux-x86-64.so.2");

Stack Unregistering(const Frame& destructor) {
  return {At("rte_pci_unregister", "", "librte_bus_pci.so.23.0"), destructor, kCallFini, kFini,
          At("main", "", "l2fwd")};
}

TEST(StackOfDestructor, NamesTheLibraryThatWasTakenDownWithoutBeingUp) {
  const Stack stack = StackOfDestructor(Unregistering(At("", "", "librte_common_mlx5.so.23.0")));
  ASSERT_FALSE(stack.empty());
  EXPECT_EQ(stack.front().function, "destructor of librte_common_mlx5");
}

TEST(StackOfDestructor, KeepsTheNameThatItHas) {
  const Stack stack = StackOfDestructor(Unregistering(At("mlx5_fini", "", "librte_mlx5.so")));
  ASSERT_FALSE(stack.empty());
  EXPECT_EQ(stack.front().function, "mlx5_fini");
}

// Tempting: the outermost code of the target's own is always the one to blame.
TEST(StackOfDestructor, IsEmptyWhereTheDeadCodeIsTheDestructorsOwn) {
  EXPECT_THAT(StackOfDestructor(
                  {At("free_all", "", "libown.so"), At("own_fini", "", "libown.so"), kCallFini}),
              IsEmpty());
  EXPECT_THAT(StackOfDestructor({At("own_fini", "", "libown.so"), kCallFini}), IsEmpty());
  EXPECT_THAT(StackOfDestructor({At("rte_pci_unregister", "", "librte_bus_pci.so.23.0"),
                                 At("stop", "", "l2fwd"), At("main", "", "l2fwd")}),
              IsEmpty())
      << "no library is being finished";
  EXPECT_THAT(StackOfDestructor({}), IsEmpty());
}

TEST(StackOfDestructor, IsBlamedForTheCrashAndBothAreTold) {
  JudgedRun run;
  run.Die(SIGSEGV, Unregistering(At("", "", "librte_common_mlx5.so.23.0")));
  run.evidence.injections.push_back(
      {.fault = "one",
       .point = "libc/memory/calloc",
       .action = "fail",
       .stack = {At("mlx5_common_init", "", "librte_common_mlx5.so.23.0")}});
  const std::vector<Finding> findings = run.Judge();
  ASSERT_THAT(findings, ElementsAre(IsKind("crash")));
  EXPECT_EQ(findings[0].title,
            "SIGSEGV: wild pointer in rte_pci_unregister, called by destructor of "
            "librte_common_mlx5, after libc/memory/calloc failed in mlx5_common_init");
  EXPECT_EQ(findings[0].stack.front().function, "destructor of librte_common_mlx5");
  EXPECT_EQ(findings[0].signature.find("rte_pci_unregister"), std::string::npos)
      << findings[0].signature;
}

// An assertion says what it misses: whoever calls the function must see to it, the library or not.
TEST(StackOfDestructor, IsNotBlamedForAnAssertion) {
  JudgedRun run;
  run.Say("l2fwd: pci.c:20: rte_pci_unregister: Assertion `driver' failed.");
  run.Die(SIGABRT, Unregistering(At("", "", "librte_common_mlx5.so.23.0")));
  EXPECT_EQ(run.Judge().at(0).stack.front().function, "rte_pci_unregister");
}

}  // namespace
}  // namespace faultline
