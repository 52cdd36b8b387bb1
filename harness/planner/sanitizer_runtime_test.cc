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

TEST(FindSanitizerRuntime, TheProgramsOwnIsBehindWhatIsPreloaded) {
  EXPECT_EQ(FindSanitizerRuntime({"/usr/lib/liblsan.so.0", "/usr/lib/libasan.so.8"}),
            "/usr/lib/libasan.so.8");
}

TEST(IsThreadSanitizer, IsSaidOfGccsAndClangs) {
  EXPECT_TRUE(IsThreadSanitizer("/usr/lib/libtsan.so.2"));
  EXPECT_TRUE(IsThreadSanitizer("/usr/lib/clang/libclang_rt.tsan-x86_64.so"));
  EXPECT_FALSE(IsThreadSanitizer("/usr/lib/libasan.so.8"));
  EXPECT_FALSE(IsThreadSanitizer(""));
}

TEST(PreloadFirst, OneRuntimeComesFirstAndNoOtherStays) {
  EXPECT_EQ(PreloadFirst("", "/usr/lib/libasan.so.8"), "/usr/lib/libasan.so.8");
  EXPECT_EQ(PreloadFirst("liblsan.so.0:/opt/mine.so other.so", "/usr/lib/libasan.so.8"),
            "/usr/lib/libasan.so.8:/opt/mine.so:other.so");
}

TEST(FindSanitizerRuntime, LeavesOthersAlone) {
  EXPECT_EQ(FindSanitizerRuntime({}), "");
  EXPECT_EQ(FindSanitizerRuntime({"/usr/lib/libubsan.so.1", "/opt/libasan.so.d/libc.so.6"}), "");
}

}  // namespace
}  // namespace faultline
