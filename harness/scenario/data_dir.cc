#include "harness/scenario/data_dir.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "harness/base/failure.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

bool IsDataDir(const fs::path& dir) {
  std::error_code error;
  return fs::is_directory(dir / "catalogue", error) && fs::is_directory(dir / "profiles", error);
}

// `scenarios` beside the running program, or beside its directory (build/ in the source tree), or
// where an installation has it.
std::vector<fs::path> UsualPlaces() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  std::vector<fs::path> places;
  if (!error) {
    const fs::path dir = program.parent_path();
    places = {dir / "scenarios", dir.parent_path() / "scenarios",
              dir.parent_path() / "share/faultline/scenarios"};
  }
  places.push_back(FAULTLINE_DATA_DIR);  // the source tree this was built from
  return places;
}

fs::path Checked(const fs::path& dir, const char* said_by) {
  const fs::path absolute = fs::absolute(dir).lexically_normal();
  if (!IsDataDir(absolute)) {
    throw Failure::BadInput(
        fmt::format("{} {}: expected a directory with catalogue/ and profiles/ in it", said_by,
                    absolute.string()));
  }
  return absolute;
}

bool HoldsOtherData(const fs::path& dir) {
  static const std::vector<std::string> kOther = {"baselines", "catalogue", "profiles", "steps",
                                                  "schema"};
  return std::find(kOther.begin(), kOther.end(), dir.filename()) != kOther.end();
}

}  // namespace

fs::path FindDataDir(const std::string& option) {
  if (!option.empty()) {
    return Checked(option, "--data");
  }
  if (const char* variable = std::getenv("FAULTLINE_DATA"); variable != nullptr && *variable != 0) {
    return Checked(variable, "FAULTLINE_DATA");
  }
  std::vector<std::string> tried;
  for (const fs::path& place : UsualPlaces()) {
    if (IsDataDir(place)) {
      return place;
    }
    tried.push_back(place.string());
  }
  throw Failure::BadInput(
      fmt::format("no data directory (catalogue/, profiles/) in {}; name it with --data DIR",
                  fmt::join(tried, ", ")));
}

std::vector<fs::path> FindScenarioFiles(const fs::path& root) {
  if (!fs::is_directory(root)) {
    return {root};
  }
  std::vector<fs::path> files;
  for (auto entry = fs::recursive_directory_iterator(root);
       entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->is_directory() && HoldsOtherData(entry->path())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file() && entry->path().extension() == ".yaml") {
      files.push_back(entry->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace faultline
