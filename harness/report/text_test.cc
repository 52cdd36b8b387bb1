#include "harness/report/text.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

TEST(EscapeControls, KeepsWhatIsReadable) {
  EXPECT_EQ(EscapeControls("plain `text' \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "plain `text' \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
}

TEST(EscapeControls, DisarmsWhatWouldSteerTheTerminal) {
  EXPECT_EQ(EscapeControls("\x1b[2J\a\r\nx\x7f"), "\\x1b[2J\\x07\\x0d\\x0ax\\x7f");
  EXPECT_EQ(EscapeControls(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(EscapeControls("\xc2\x9b"), "\\xc2\\x9b");           // CSI as one C1 character
  EXPECT_EQ(EscapeControls("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // right-to-left override
  EXPECT_EQ(EscapeControls("a\tb"), "a b");
}

TEST(EscapeControls, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(EscapeControls("\xff"), "\\xff");
  EXPECT_EQ(EscapeControls("\xc3"), "\\xc3");                    // cut
  EXPECT_EQ(EscapeControls("\xc0\x9b"), "\\xc0\\x9b");           // overlong
  EXPECT_EQ(EscapeControls("\xe0\x81\x81"), "\\xe0\\x81\\x81");  // overlong
  EXPECT_EQ(EscapeControls("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(EscapeControls("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(EscapeControls("\xe2\x28\xa1"), "\\xe2(\\xa1");
}

TEST(CutToWidth, CutsBetweenCharactersAndSaysSo) {
  EXPECT_EQ(CutToWidth("abcdef", 6), "abcdef");
  EXPECT_EQ(CutToWidth("abcdefg", 6), "abc...");
  EXPECT_EQ(CutToWidth("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", 4), "\xc3\xa4...");
  EXPECT_EQ(DisplayWidth("\xc3\xa4\xe2\x82\xac"), 2u);
}

TEST(ShortPath, KeepsTheLastThreeParts) {
  EXPECT_EQ(ShortPath("/src/spdk/lib/thread/iobuf.c"), "lib/thread/iobuf.c");
  EXPECT_EQ(ShortPath("lib/thread/iobuf.c"), "lib/thread/iobuf.c");
  EXPECT_EQ(ShortPath("/iobuf.c"), "/iobuf.c");
  EXPECT_EQ(ShortPath("iobuf.c"), "iobuf.c");
  EXPECT_EQ(ShortPath(""), "");
}

}  // namespace
}  // namespace faultline
