#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "harness/scenario/lint.h"
#include "harness/scenario/testing/files.h"

namespace faultline::testing {

// Where a BadKey's file lies.
inline constexpr char kProfile[] = "profiles/bad.yaml";
inline constexpr char kScenario[] = "s.yaml";
inline constexpr char kCatalogue[] = "catalogue/bad.yaml";

// A mistake in a file, and how it is told.
struct BadKey {
  const char* file;     // below a directory of the test's own
  const char* text;     // behind `faultline: 1`, from line 2 on
  const char* place;    // LINE:COLUMN
  const char* message;  // a part of it
};

inline void PrintTo(const BadKey& bad, std::ostream* out) { *out << bad.text; }

// Beside the file are a profile `parent` and a catalogue `base`.
class BadKeyTest : public ::testing::TestWithParam<BadKey> {
 protected:
  static void Check(const BadKey& bad) {
    const TempDir dir;
    dir.Write("profiles/parent.yaml",
              "faultline: 1\nprogram: x\nargs: [--no-pci, --vdev=a, [-r, s]]\n"
              "environment: {A: \"1\"}\nerror_lines: [ERROR]\nready: {log: up}\n");
    dir.Write("catalogue/base.yaml",
              "faultline: 1\nwrappers: [w]\n"
              "points:\n  base/one: {symbols: f, fails: {result: -1}}\n");
    const auto file = dir.Write(bad.file, std::string("faultline: 1\n") + bad.text);
    const std::string told = LintFile(file, {SmallDataDir(), "", {}}).ToString();
    EXPECT_THAT(told, ::testing::AllOf(
                          ::testing::HasSubstr(file.filename().string() + ":" + bad.place + ": "),
                          ::testing::HasSubstr(bad.message)));
  }
};

}  // namespace faultline::testing
