#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "harness/base/files.h"
#include "harness/report/text.h"

namespace faultline::testkit {

// Holds `text` against the file `name` under testdata/, which FAULTLINE_UPDATE_GOLDEN=1 writes
// anew.
inline void ExpectGolden(const std::string& text, const std::string& name) {
  const std::string file = FAULTLINE_SOURCE_DIR "/harness/report/testdata/" + name;
  if (::getenv("FAULTLINE_UPDATE_GOLDEN") != nullptr) {
    WriteFileAtomically(file, text);
  }
  EXPECT_EQ(text, ReadFile(file).value_or("there is no " + file))
      << "FAULTLINE_UPDATE_GOLDEN=1 writes " << file;
}

// No line is wider than `width`, but for one that is a single word or a command to be copied.
inline void ExpectFits(const std::string& text, size_t width) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t begin = std::min(line.find_first_not_of(' '), line.size());
    const bool is_one_word = line.find(' ', begin) == std::string::npos;
    const bool is_command = line.substr(begin).starts_with("faultline ");
    EXPECT_TRUE(DisplayWidth(line) <= width || is_one_word || is_command) << line;
  }
}

}  // namespace faultline::testkit
