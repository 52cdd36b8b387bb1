#include "harness/scenario/diagnostics.h"

#include <gtest/gtest.h>

#include "harness/base/failure.h"

namespace faultline {
namespace {

SourcePosition At(int line) { return {std::make_shared<const std::string>("f"), line, 1}; }

TEST(DiagnosticsTest, ThrowsEverythingThatIsWrong) {
  Diagnostics diagnostics;
  diagnostics.ThrowIfAny();
  diagnostics.Add(At(1), "first");
  diagnostics.Add("second");
  try {
    diagnostics.ThrowIfAny();
    FAIL() << "no Failure";
  } catch (const Failure& failure) {
    EXPECT_STREQ(failure.what(), "f:1:1: first\nsecond");
    EXPECT_EQ(failure.code(), ExitCode::kBadInput);
  }
}

TEST(DiagnosticsTest, TellsAMistakeOnce) {
  Diagnostics diagnostics;
  diagnostics.Add(At(1), "wrong");
  diagnostics.Add(At(1), "wrong");
  diagnostics.Add(At(2), "wrong");
  EXPECT_EQ(diagnostics.count(), 2u);
}

TEST(DiagnosticsTest, CountsWhatItDoesNotKeep) {
  Diagnostics diagnostics;
  for (int line = 1; line <= static_cast<int>(Diagnostics::kMaxKept) + 5; ++line) {
    diagnostics.Add(At(line), "wrong");
  }
  EXPECT_EQ(diagnostics.all().size(), Diagnostics::kMaxKept);
  EXPECT_TRUE(diagnostics.ToString().ends_with("f:100:1: wrong\nand 5 more"));
}

}  // namespace
}  // namespace faultline
