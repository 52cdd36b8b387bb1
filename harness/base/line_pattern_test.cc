#include "harness/base/line_pattern.h"

#include <gmock/gmock.h>

#include "harness/base/failure.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(LinePattern, GivesTheGroupsOfItsMatch) {
  const LinePattern pattern("device (0x[0-9a-f]+) (not found|busy)");
  EXPECT_THAT(*pattern.Match("thread.c: device 0x12 busy!"),
              ElementsAre("device 0x12 busy", "0x12", "busy"));
  EXPECT_FALSE(pattern.Matches("device found"));
}

TEST(LinePattern, SurvivesHugeLines) {
  const LinePattern pattern("^(a|b)*c");
  EXPECT_FALSE(pattern.Matches(std::string(10'000'000, 'a')));
  EXPECT_TRUE(pattern.Matches("abc" + std::string(10'000'000, 'a')));
}

// Patterns that take backtracking matchers time exponential in the line.
TEST(LinePattern, TakesTimeLinearInTheLine) {
  EXPECT_FALSE(LinePattern("^(a+)+$").Matches(std::string(50'000, 'a') + "!"));
  EXPECT_FALSE(LinePattern("(x+x+)+y").Matches(std::string(50'000, 'x')));
}

TEST(LinePattern, MatchesBytesOfAnyEncoding) {
  EXPECT_TRUE(LinePattern("^.*failed$").Matches("\xff\xfe\xc3 failed"));
  EXPECT_TRUE(LinePattern("Ger\xc3\xa4t").Matches("ein Ger\xc3\xa4t"));
}

TEST(LinePattern, AGroupThatTookNoPartIsEmpty) {
  EXPECT_THAT(*LinePattern("a(b)?c").Match("ac"), ElementsAre("ac", ""));
}

TEST(LinePattern, RefusesWhatIsNoExpression) {
  try {
    LinePattern pattern("io_device (");
    FAIL() << "accepted";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kBadInput);
    EXPECT_THAT(failure.what(), HasSubstr("io_device ("));
  }
}

}  // namespace
}  // namespace faultline
