#include "harness/planner/sanitizer_runtime.h"

#include <gtest/gtest.h>

namespace faultline {
namespace {

TEST(FindSanitizerRuntime, KnowsTheRuntimesThatMustComeFirst) {
  EXPECT_EQ(FindSanitizerRuntime({"/lib/libm.so.6", "/usr/lib/libasan.so.8", "/lib/libc.so.6"}),
            "/usr/lib/libasan.so.8");
  EXPECT_EQ(FindSanitizerRuntime({"/usr/lib/clang/libclang_rt.asan-x86_64.so"}),
            "/usr/lib/clang/libclang_rt.asan-x86_64.so");
}

TEST(FindSanitizerRuntime, LeavesOthersAlone) {
  EXPECT_EQ(FindSanitizerRuntime({}), "");
  EXPECT_EQ(FindSanitizerRuntime({"/usr/lib/libubsan.so.1", "/opt/libasan.so.d/libc.so.6"}), "");
}

}  // namespace
}  // namespace faultline
