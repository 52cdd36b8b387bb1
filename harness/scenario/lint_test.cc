#include "harness/scenario/lint.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "harness/base/files.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using testing::SmallDataDir;
using testing::TestData;

std::string ReplaceAll(std::string text, const std::string& what, const std::string& by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// A diagnostic as the golden files have it: positions by base name, directories by a word.
std::string Portable(const Diagnostic& diagnostic) {
  std::string text = diagnostic.message;
  text = ReplaceAll(text, SmallDataDir().string(), "DATA");
  text = ReplaceAll(text, (TestData() / "malformed").string(), "FILES");
  if (const SourcePosition& at = diagnostic.position; at.file != nullptr) {
    text = fs::path(*at.file).filename().string() + ":" + std::to_string(at.line) + ":" +
           std::to_string(at.column) + ": " + text;
  }
  return text;
}

// The lines "# expect: ..." that a malformed file begins with.
std::string Expected(const fs::path& file) {
  const std::string mark = "# expect: ";
  std::ifstream stream(file);
  std::string expected;
  for (std::string line; std::getline(stream, line) && line.starts_with("# ");) {
    expected += line.starts_with(mark) ? line.substr(mark.size()) + "\n" : "";
  }
  return expected;
}

class MalformedFileTest : public ::testing::TestWithParam<fs::path> {};

TEST_P(MalformedFileTest, IsToldWithPlaceAndRemedy) {
  std::string told;
  const Diagnostics diagnostics = LintFile(GetParam(), {SmallDataDir(), "", {}});
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    told += Portable(diagnostic) + "\n";
  }
  EXPECT_EQ(told, Expected(GetParam()));
  EXPECT_NE(told, "");
}

std::string TestName(const ::testing::TestParamInfo<fs::path>& info) {
  const std::string kind = info.param.parent_path().filename();
  return ReplaceAll(kind + "_" + info.param.stem().string(), "-", "_");
}

INSTANTIATE_TEST_SUITE_P(TestData, MalformedFileTest,
                         ::testing::ValuesIn(FindDataFiles(TestData() / "malformed")), TestName);

TEST(LintTest, ThereAreEnoughMalformedFiles) {
  EXPECT_GE(FindDataFiles(TestData() / "malformed").size(), 40u);
}

TEST(LintTest, ShippedDataIsFaultless) {
  const fs::path data = fs::path(FAULTLINE_SOURCE_DIR) / "scenarios";
  const std::vector<fs::path> files = FindDataFiles(data);
  EXPECT_GE(files.size(), 30u);
  for (const fs::path& file : files) {
    EXPECT_EQ(LintFile(file, {data, "", {}}).ToString(), "");
  }
}

// Those whose fault lies in the reference target's own functions (`reference/...`) cannot.
TEST(LintTest, ScenariosOfTheReferenceTargetRunOnSpdkToo) {
  const fs::path data = fs::path(FAULTLINE_SOURCE_DIR) / "scenarios";
  int portable = 0;
  for (const fs::path& file : FindScenarioFiles(data / "reference")) {
    if (ReadFile(file).value().find("point: reference/") == std::string::npos) {
      EXPECT_EQ(LintFile(file, {data, "spdk-tgt", {}}).ToString(), "") << file;
      ++portable;
    }
  }
  EXPECT_GE(portable, 10);
}

}  // namespace
}  // namespace faultline
