#include "harness/symbols/name_main.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

Frame In(const std::string& function, const std::string& module) {
  return {.function = function, .file = "", .line = 0, .module = module, .offset = 0x10};
}

const Frame kCaller = In("__libc_start_call_main", "libc.so.6");

TEST(NameMain, KnowsTheMainOfAStrippedProgram) {
  Stack stack = {In("rte_pdump_init", "librte_pdump.so"), In("", "dpdk-testpmd"), kCaller};
  NameMain(stack);
  EXPECT_EQ(stack[1].function, "main");
  EXPECT_EQ(stack[0].function, "rte_pdump_init");
}

TEST(NameMain, LeavesAllOtherFunctionsAsTheyAre) {
  Stack stack = {In("", "dpdk-testpmd"), In("start", "dpdk-testpmd"), kCaller};
  NameMain(stack);
  EXPECT_EQ(stack[0].function, "") << "main is further out";
  EXPECT_EQ(stack[1].function, "start") << "it has a name";
  Stack cut = {In("", "dpdk-testpmd"), In("", "dpdk-testpmd")};
  NameMain(cut);
  EXPECT_EQ(cut[1].function, "") << "who calls it is not known";
  Stack none;
  NameMain(none);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace faultline
