#include "harness/report/source_lines.h"

#include <gmock/gmock.h>

#include "harness/base/files.h"
#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

using testing::ElementsAre;

class SourceLinesTest : public testing::Test {
 protected:
  SourceLinesTest() {
    WriteFileAtomically(dir_.path() / "tree/lib/a.c", "one\ntwo\nthree\nfour\n");
    WriteFileAtomically(dir_.path() / "secret.c", "secret\n");
  }

  testkit::TemporaryDirectory dir_;
  SourceLines source_{dir_.path() / "tree"};
};

TEST_F(SourceLinesTest, FindsAFileOfATreeThatWasBuiltElsewhere) {
  const auto snippet = source_.Around("/build/somewhere/lib/a.c", 3, 1);
  ASSERT_TRUE(snippet.has_value());
  EXPECT_EQ(snippet->first, 2);
  EXPECT_THAT(snippet->lines, ElementsAre("two", "three", "four"));
}

TEST_F(SourceLinesTest, FindsAPathThatIsRelativeToTheBuildDirectory) {
  EXPECT_TRUE(source_.Around("../lib/a.c", 1).has_value());
}

TEST_F(SourceLinesTest, HasNothingForAbsentFilesAndLines) {
  EXPECT_FALSE(source_.Around("lib/b.c", 1).has_value());
  EXPECT_FALSE(source_.Around("lib/a.c", 5).has_value());
  EXPECT_FALSE(source_.Around("lib/a.c", 0).has_value());
  EXPECT_FALSE(source_.Around("", 1).has_value());
}

TEST_F(SourceLinesTest, ShowsNothingOutsideOfTheTree) {
  EXPECT_FALSE(source_.Around("../secret.c", 1).has_value());
  EXPECT_FALSE(source_.Around((dir_.path() / "secret.c").string(), 1).has_value());
}

}  // namespace
}  // namespace faultline
