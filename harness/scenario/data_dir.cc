#include "harness/scenario/data_dir.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <system_error>

#include "harness/base/failure.h"
#include "harness/scenario/lint.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

bool IsShippedData(const fs::path& dir) {
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

// A directory that somebody named must have something in it: a name that is a little wrong would
// otherwise be the same as none.
fs::path Checked(const fs::path& dir, const char* said_by) {
  std::error_code error;
  const fs::path absolute = fs::absolute(dir).lexically_normal();
  if (!fs::is_directory(absolute, error)) {
    throw Failure::BadInput(
        fmt::format("{} {}: there is no such directory", said_by, dir.string()));
  }
  const std::vector<std::string> own = {"profiles", "catalogue", "steps", "baselines"};
  const bool has_own = std::any_of(own.begin(), own.end(), [&](const std::string& name) {
    return fs::is_directory(absolute / name, error);
  });
  if (!has_own && FindDataFiles(absolute).empty()) {
    throw Failure::BadInput(
        fmt::format("{} {}: expected a directory with data in it ({}/, or files NAME.yaml)",
                    said_by, absolute.string(), fmt::join(own, "/, ")));
  }
  return absolute;
}

std::vector<fs::path> FromEnvironment() {
  std::vector<fs::path> dirs;
  const char* variable = std::getenv("FAULTLINE_DATA");
  std::istringstream list(variable == nullptr ? "" : variable);
  for (std::string dir; std::getline(list, dir, ':');) {
    if (!dir.empty()) {
      dirs.push_back(Checked(dir, "FAULTLINE_DATA"));
    }
  }
  return dirs;
}

// The user's own; it need not be there.
std::optional<fs::path> UsersData() {
  const auto below = [](const char* variable, const fs::path& rest) -> std::optional<fs::path> {
    const char* value = std::getenv(variable);
    return value != nullptr && *value == '/' ? std::optional(fs::path(value) / rest) : std::nullopt;
  };
  std::optional<fs::path> dir = below("XDG_CONFIG_HOME", "faultline");
  if (!dir) {
    dir = below("HOME", ".config/faultline");
  }
  std::error_code error;
  return dir && fs::is_directory(*dir, error) ? dir : std::nullopt;
}

bool HoldsOtherData(const fs::path& dir) {
  static const std::vector<std::string> kOther = {"baselines", "catalogue", "profiles", "steps",
                                                  "schema"};
  return std::find(kOther.begin(), kOther.end(), dir.filename()) != kOther.end();
}

}  // namespace

DataPath FindData(const std::vector<std::string>& options) {
  std::vector<fs::path> dirs;
  for (const std::string& option : options) {
    dirs.push_back(Checked(option, "--data"));
  }
  for (const fs::path& dir : FromEnvironment()) {
    dirs.push_back(dir);
  }
  if (const std::optional<fs::path> dir = UsersData()) {
    dirs.push_back(*dir);
  }
  std::vector<std::string> tried;
  for (const fs::path& place : UsualPlaces()) {
    if (IsShippedData(place)) {
      dirs.push_back(place);
      return DataPath(dirs);
    }
    tried.push_back(place.string());
  }
  if (dirs.empty()) {
    throw Failure::BadInput(
        fmt::format("no data directory (catalogue/, profiles/) in {}; name it with --data DIR",
                    fmt::join(tried, ", ")));
  }
  return DataPath(dirs);
}

std::vector<fs::path> FindScenarioFiles(const fs::path& root) {
  std::error_code error;  // a symlink in a circle is neither
  if (!fs::is_directory(root, error)) {
    return {root};
  }
  std::vector<fs::path> files;
  for (auto entry = fs::recursive_directory_iterator(root);
       entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->is_directory(error) && HoldsOtherData(entry->path())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file(error) && entry->path().extension() == ".yaml" &&
               KindOfFile(entry->path()) == DataKind::kScenario && IsDataFile(entry->path())) {
      files.push_back(entry->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace faultline
