#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "harness/base/testing/temporary_directory.h"

namespace faultline::testing {

// The loaders' own small data directory.
inline std::filesystem::path TestData() {
  return std::filesystem::path(FAULTLINE_SOURCE_DIR) / "harness/scenario/testdata";
}
inline std::filesystem::path SmallDataDir() { return TestData() / "data"; }

// A directory to write files below; it goes when the test does.
class TempDir : public testkit::TemporaryDirectory {
 public:
  // Writes a file below the directory, its parents too.
  std::filesystem::path Write(const std::filesystem::path& name, const std::string& text) const {
    const std::filesystem::path file = path() / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file;
  }
};

}  // namespace faultline::testing
