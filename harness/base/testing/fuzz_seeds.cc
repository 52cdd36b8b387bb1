#include <algorithm>
#include <filesystem>

#include "harness/base/files.h"
#include "harness/base/testing/fuzz.h"

namespace faultline::testkit {

std::vector<std::string> FilesBelow(const std::string& root, const std::string& extension) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.is_regular_file() && entry.path().extension() == extension) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> contents;
  for (const auto& file : files) {
    contents.push_back(ReadFile(file).value_or(""));
  }
  return contents;
}

}  // namespace faultline::testkit
