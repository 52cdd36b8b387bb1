#include "harness/report/wrap.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

TEST(Wrapped, ALineThatFitsStaysAsItIs) {
  EXPECT_EQ(Wrapped("  a  b\n", 40), "  a  b\n");
  EXPECT_EQ(Wrapped("", 40), "");
  EXPECT_EQ(Wrapped("a\n\nb", 40), "a\n\nb\n");
}

TEST(Wrapped, LinesEndBetweenWords) {
  EXPECT_EQ(Wrapped("one two three four", 9), "one two\n  three\n  four\n");
  EXPECT_EQ(Wrapped("one two three", 7), "one two\n  three\n");
}

TEST(Wrapped, AWordThatIsWiderThanALineIsNotCut) {
  EXPECT_EQ(Wrapped("a lib/thread/iobuf.c:97 b", 10), "a\n  lib/thread/iobuf.c:97\n  b\n");
}

TEST(Wrapped, AnIndentedLineGoesOnFurtherIn) {
  EXPECT_EQ(Wrapped("    one two", 8), "    one\n      two\n");
}

TEST(Wrapped, CountsCharactersAndNotBytes) { EXPECT_EQ(Wrapped("ä ö ü", 5), "ä ö ü\n"); }

}  // namespace
}  // namespace faultline
