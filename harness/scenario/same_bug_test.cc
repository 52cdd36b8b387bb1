#include "harness/scenario/same_bug.h"

#include <gmock/gmock.h>

#include <string>

namespace faultline {
namespace {

TEST(SameBug, ASanitizerTellsASignalInItsOwnWords) {
  struct Pair {
    const char* by_sanitizer;
    const char* by_signal;
  };
  for (const Pair& pair : {
           Pair{"sanitizer: AddressSanitizer: SEGV", "crash: SIGSEGV wild pointer"},
           Pair{"sanitizer: LeakSanitizer: SEGV", "crash: SIGBUS wild pointer"},
           Pair{"sanitizer: AddressSanitizer: heap-use-after-free", "crash: SIGSEGV wild pointer"},
           Pair{"sanitizer: AddressSanitizer: attempting double-free",
                "crash: double free or corruption (!prev)"},
           Pair{"sanitizer: AddressSanitizer: stack-overflow", "crash: SIGSEGV stack overflow"},
           Pair{"sanitizer: AddressSanitizer: FPE",
                "crash: SIGFPE division by zero or another arithmetic trap"},
       }) {
    const std::string one = std::string(pair.by_sanitizer) + " @ f < g";
    const std::string other = std::string(pair.by_signal) + " @ f < g";
    EXPECT_TRUE(MayBeSameBug(one, other)) << one;
    EXPECT_TRUE(MayBeSameBug(other, one)) << other;
  }
}

// Tempting: a use of freed memory is known, so any other is.
TEST(SameBug, ElsewhereItIsAnotherOne) {
  const std::string known = "crash: SIGSEGV wild pointer @ f < g";
  EXPECT_FALSE(MayBeSameBug("sanitizer: AddressSanitizer: SEGV @ f < h", known));
  EXPECT_FALSE(MayBeSameBug("sanitizer: AddressSanitizer: SEGV @ g < f", known));
  EXPECT_FALSE(MayBeSameBug("sanitizer: AddressSanitizer: SEGV", known));
  EXPECT_FALSE(MayBeSameBug("crash: SIGSEGV wild pointer", "sanitizer: AddressSanitizer: SEGV"));
}

TEST(SameBug, AnotherDeathAtTheSamePlaceIsAnotherOne) {
  const std::string known = "crash: SIGSEGV wild pointer @ f < g";
  EXPECT_FALSE(MayBeSameBug("sanitizer: AddressSanitizer: FPE @ f < g", known));
  EXPECT_FALSE(MayBeSameBug("sanitizer: LeakSanitizer: direct leak of memory @ f < g", known));
  EXPECT_FALSE(MayBeSameBug("sanitizer: LeakSanitizer: direct leak of memory @ f < g",
                            "crash: assertion `x' failed @ f < g"));
  EXPECT_FALSE(MayBeSameBug("hang: SIGSEGV wild pointer @ f < g", known));
  EXPECT_FALSE(MayBeSameBug("sanitizer: AddressSanitizer: stack-overflow @ f < g", known));
}

TEST(SameBug, AnyPlaceIsAnyFunctionAndNone) {
  const std::string known = "crash: SIGSEGV wild pointer @ *";
  EXPECT_TRUE(NamesAnyPlace(known));
  EXPECT_TRUE(MayBeSameBug("crash: SIGSEGV wild pointer @ f < g", known));
  EXPECT_TRUE(MayBeSameBug("crash: SIGSEGV wild pointer", known));
  EXPECT_TRUE(MayBeSameBug("crash: corrupted double-linked list @ f < g", known));
  EXPECT_TRUE(MayBeSameBug("sanitizer: AddressSanitizer: heap-use-after-free @ f < g", known));
  EXPECT_TRUE(MayBeSameBug("sanitizer: AddressSanitizer: stack-overflow",
                           "crash: SIGSEGV stack overflow @ *"));
  EXPECT_FALSE(MayBeSameBug("sanitizer: AddressSanitizer: stack-overflow", known));
  EXPECT_FALSE(MayBeSameBug("crash: assertion `x' failed @ f < g", known));
  EXPECT_FALSE(MayBeSameBug("hang: stop", known));
  EXPECT_FALSE(NamesAnyPlace("crash: SIGSEGV wild pointer @ f"));
  EXPECT_FALSE(NamesAnyPlace("crash: *"));
}

TEST(SameBug, PartOfAPlaceIsNoAnyPlace) {
  EXPECT_TRUE(MisusesAnyPlace("crash: SIGSEGV wild pointer @ f < *"));
  EXPECT_TRUE(MisusesAnyPlace("leak: memory @ bdev_* < g"));
  EXPECT_FALSE(MisusesAnyPlace("crash: SIGSEGV wild pointer @ *"));
  EXPECT_FALSE(MisusesAnyPlace("crash: SIGSEGV wild pointer @ f < operator* < g"));
  EXPECT_FALSE(MisusesAnyPlace("hang: expect log line `.*`"));
}

TEST(SameBug, WithoutCallersThePlaceIsTheFunction) {
  const std::string known = "crash: SIGSEGV wild pointer @ f < g";
  EXPECT_TRUE(MayBeSameBug("sanitizer: AddressSanitizer: SEGV @ f", known));
  EXPECT_FALSE(MayBeSameBug("sanitizer: AddressSanitizer: SEGV @ ", known));
  EXPECT_FALSE(MayBeSameBug("sanitizer: AddressSanitizer: SEGV @ f <", known));
  EXPECT_FALSE(MayBeSameBug(known, "crash: SIGSEGV wild pointer @ f")) << "it says less";
}

}  // namespace
}  // namespace faultline
