#include "harness/run/leftovers.h"

#include <glob.h>

#include <algorithm>
#include <system_error>

#include "harness/base/failure.h"

namespace faultline {
namespace {

bool NamesThisRun(const std::string& pattern, const Variables& values) {
  return std::any_of(values.begin(), values.end(), [&](const auto& variable) {
    return pattern.find(variable.second) != std::string::npos;
  });
}

}  // namespace

Leftovers::~Leftovers() {
  for (const std::filesystem::path& file : Find()) {
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
  }
}

void Leftovers::Watch(const std::vector<std::string>& patterns, const Variables& values) {
  for (const std::string& written : patterns) {
    const std::string pattern = ExpandForRun(written, values);
    if (!pattern.starts_with('/') || !NamesThisRun(pattern, values)) {
      throw Failure::BadInput("the profile's leftovers: `" + written +
                              "` must be an absolute path with ${pid}, ${file_prefix} or "
                              "${run_dir} in it, for what it matches is removed");
    }
    watches_.push_back(Guardian::Get().WatchFiles(pattern));
    patterns_.push_back(pattern);
  }
}

std::vector<std::filesystem::path> Leftovers::Find() const {
  std::vector<std::filesystem::path> files;
  for (const std::string& pattern : patterns_) {
    glob_t matches = {};
    if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &matches) == 0) {
      files.insert(files.end(), matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
    }
    ::globfree(&matches);
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace faultline
