#include "harness/run/argument_places.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace faultline {
namespace {

namespace fs = std::filesystem;
using PlaceKind = ArgumentPlace::Kind;

constexpr size_t kMostEntries = 10'000;
constexpr size_t kMostMade = 4;

std::set<std::string> EntriesOf(const fs::path& directory) {
  std::set<std::string> entries;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end;
       !error && entry != end && entries.size() < kMostEntries; entry.increment(error)) {
    entries.insert(entry->path());
  }
  return entries;
}

bool IsThere(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

}  // namespace

size_t PathInArgument(const std::string& argument) {
  const size_t equals = argument.find('=');
  const size_t at = equals == std::string::npos ? 0 : equals + 1;
  const std::string path = argument.substr(at);
  constexpr const char* kKernels[] = {"/dev/", "/proc/", "/sys/"};
  const bool is_kernels =
      std::any_of(std::begin(kKernels), std::end(kKernels),
                  [&](const char* kernels) { return (path + "/").starts_with(kernels); });
  return path.starts_with('/') && path.size() > 1 && !is_kernels ? at : std::string::npos;
}

ArgumentPlaces::ArgumentPlaces(const std::vector<std::string>& args) {
  for (const std::string& argument : args) {
    const size_t at = PathInArgument(argument);
    if (at == std::string::npos) {
      continue;
    }
    fs::path path = fs::path(argument.substr(at)).lexically_normal();
    path = path.has_filename() ? path : path.parent_path();
    std::error_code ignored;
    Known known{.place = {.path = path}};
    if (fs::is_directory(path, ignored)) {
      known.before = EntriesOf(path);
      known.place.kind = known.before.empty() ? PlaceKind::kEmptyDirectory : PlaceKind::kDirectory;
      known.filled = known.before.empty();
    } else if (IsThere(path)) {
      continue;
    }
    known_.push_back(std::move(known));
  }
  std::sort(known_.begin(), known_.end(),
            [](const Known& a, const Known& b) { return a.place.path < b.place.path; });
}

void ArgumentPlaces::Look() {
  for (Known& known : known_) {
    if (known.place.kind == PlaceKind::kMade) {
      known.filled = known.filled || IsThere(known.place.path);
    } else if (known.place.kind == PlaceKind::kDirectory && known.before.size() < kMostEntries) {
      for (const std::string& entry : EntriesOf(known.place.path)) {
        if (!known.before.contains(entry) && known.place.made.size() < kMostMade) {
          known.place.made.insert(entry);
          known.filled = true;
        }
      }
    }
  }
}

std::vector<ArgumentPlace> ArgumentPlaces::Filled() const {
  std::vector<ArgumentPlace> filled;
  for (const Known& known : known_) {
    if (known.filled) {
      filled.push_back(known.place);
    }
  }
  return filled;
}

}  // namespace faultline
