#include "harness/base/program_path.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

namespace faultline {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> DirectoriesOfPath() {
  std::vector<fs::path> directories;
  const char* variable = ::getenv("PATH");
  std::istringstream list(variable != nullptr ? variable : "");
  for (std::string directory; std::getline(list, directory, ':');) {
    if (!directory.empty()) {
      directories.emplace_back(directory);
    }
  }
  return directories;
}

}  // namespace

bool IsProgram(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

std::string WhyNoProgram(const fs::path& path) {
  std::error_code ignored;
  std::error_code error;
  if (!fs::exists(path, error)) {
    return error ? error.message() : "there is no such file";  // a directory that is not ours
  }
  return fs::is_regular_file(path, ignored) ? "it may not be executed" : "it is not a regular file";
}

fs::path FindInPath(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return name;
  }
  for (const fs::path& directory : DirectoriesOfPath()) {
    if (IsProgram(directory / name)) {
      return directory / name;
    }
  }
  return {};
}

fs::path ExecutedFor(const fs::path& program) {
  constexpr int kMostScripts = 4;  // BINPRM_MAX_RECURSION of the kernel's fs/exec.c
  fs::path executed = program;
  for (int i = 0; i < kMostScripts; ++i) {
    char begin[256] = {};  // BINPRM_BUF_SIZE
    std::ifstream(executed).read(begin, sizeof(begin) - 1);
    const std::string line(begin, std::find(begin, begin + sizeof(begin) - 1, '\n'));
    if (!line.starts_with("#!")) {
      break;
    }
    std::istringstream words(line.substr(2));
    std::string interpreter;
    words >> interpreter;
    std::error_code error;
    const fs::path real = fs::canonical(interpreter, error);
    if (error) {
      break;
    }
    executed = real;
  }
  return executed;
}

std::vector<std::string> ProgramsInPath() {
  std::set<std::string> names;
  for (const fs::path& directory : DirectoriesOfPath()) {
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      if (IsProgram(entry->path())) {
        names.insert(entry->path().filename());
      }
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace faultline
