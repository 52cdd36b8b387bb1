#include "harness/sweep/line_coverage.h"

#include <gmock/gmock.h>

#include "harness/base/failure.h"
#include "harness/store/store.h"
#include "harness/store/testing/store_values.h"
#include "harness/sweep/gcov_json.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Reached = StoredLine::Reached;

std::vector<std::string> Read(const std::string& text) {
  std::vector<std::string> read;
  ReadGcovJson(text, [&](const GcovLine& line) {
    read.push_back(line.file + ":" + std::to_string(line.line) + " " + line.function +
                   (line.executed ? " yes" : " no"));
  });
  return read;
}

// As gcov 12.2 prints it, without the members that are not read.
constexpr char kDocument[] =
    R"({"format_version": "1", "current_working_directory": "/src/build", "data_file": "x.gcda",)"
    R"( "files": [{"file": "../lib/x.c", "functions": [], "lines": [)"
    R"({"line_number": 7, "function_name": "start", "count": 2, "unexecuted_block": false},)"
    R"({"line_number": 9, "function_name": "start", "count": 0, "unexecuted_block": true}]},)"
    R"( {"file": "/usr/include/y.h", "lines": [{"line_number": 1, "count": 1}]}]})"
    "\n";

TEST(ReadGcovJson, TellsEachLineOfEachDocumentByItsAbsoluteFile) {
  EXPECT_THAT(Read(std::string(kDocument) + kDocument),
              ElementsAre("/src/lib/x.c:7 start yes", "/src/lib/x.c:9 start no",
                          "/usr/include/y.h:1  yes", "/src/lib/x.c:7 start yes",
                          "/src/lib/x.c:9 start no", "/usr/include/y.h:1  yes"));
}

TEST(ReadGcovJson, RefusesWhatIsNotIts) {
  EXPECT_THROW(Read("x.gcno:cannot open notes file\n"), Failure);
  EXPECT_THROW(Read("{\"files\": [{\"file\": \"x.c\"}]}\n"), Failure);
  EXPECT_THAT(Read(""), IsEmpty());
}

TEST(LineRanges, JoinsLinesOfOneKindAndFunction) {
  const std::vector<StoredLine> lines = {
      {"a.c", 3, "f", Reached::kFaultFree}, {"a.c", 5, "f", Reached::kSwept},
      {"a.c", 8, "f", Reached::kSwept},     {"a.c", 9, "f", Reached::kNever},
      {"a.c", 12, "f", Reached::kSwept},    {"a.c", 20, "g", Reached::kSwept},
      {"b.c", 21, "g", Reached::kSwept}};
  EXPECT_THAT(LineRanges(lines, Reached::kSwept),
              ElementsAre("a.c:5-8 f", "a.c:12 f", "a.c:20 g", "b.c:21 g"));
  EXPECT_THAT(LineRanges(lines, Reached::kNever), ElementsAre("a.c:9 f"));
}

TEST(StoreLines, KeepTheBetterReachedOfTwo) {
  const testkit::StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  store.AddLines({{"a.c", 2, "f", Reached::kSwept}, {"a.c", 1, "f", Reached::kFaultFree}});
  store.AddLines({{"a.c", 2, "f", Reached::kFaultFree}, {"a.c", 1, "f", Reached::kNever}});
  const std::vector<StoredLine> lines = store.Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].line, 1);
  EXPECT_EQ(lines[0].reached, Reached::kFaultFree);
  EXPECT_EQ(lines[1].reached, Reached::kFaultFree);
}

}  // namespace
}  // namespace faultline
