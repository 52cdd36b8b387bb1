#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace faultline::testing {

// The loaders' own small data directory.
inline std::filesystem::path TestData() {
  return std::filesystem::path(FAULTLINE_SOURCE_DIR) / "harness/scenario/testdata";
}
inline std::filesystem::path SmallDataDir() { return TestData() / "data"; }

// A directory that goes when the test does.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "faultline-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // Writes a file below the directory, its parents too.
  std::filesystem::path Write(const std::filesystem::path& name, const std::string& text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace faultline::testing
