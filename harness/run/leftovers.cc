#include "harness/run/leftovers.h"

#include <glob.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "harness/base/failure.h"

namespace faultline {
namespace {

// Names whose values no other run or program has. Not ${cpu}: a digit stands in many names.
constexpr std::string_view kUnique[] = {"${run_dir}", "${file_prefix}", "${rpc_socket}",
                                        "${huge_dir}"};

// A number is only this run's where it stands alone: 12* matches 123 as well.
bool HasOwnPid(const std::string& written) {
  constexpr std::string_view kPid = "${pid}";
  constexpr std::string_view kMoreDigits = "0123456789*?[]{}$";
  for (size_t at = written.find(kPid); at != std::string::npos; at = written.find(kPid, at + 1)) {
    const size_t end = at + kPid.size();
    const bool open_before = at > 0 && kMoreDigits.find(written[at - 1]) != std::string::npos;
    const bool open_behind =
        end < written.size() && kMoreDigits.find(written[end]) != std::string::npos;
    if (!open_before && !open_behind) {
      return true;
    }
  }
  return false;
}

// `written` as the profile has it.
bool NamesThisRun(const std::string& written) {
  const bool leads_up = ("/" + written + "/").find("/../") != std::string::npos;
  return !leads_up &&
         (HasOwnPid(written) ||
          std::any_of(std::begin(kUnique), std::end(kUnique), [&](std::string_view name) {
            return written.find(name) != std::string::npos;
          }));
}

// What a value has of glob(7)'s own characters stands for itself: a run's directory may lie in one
// that is called a[1].
Variables Escaped(Variables values) {
  for (auto& [name, value] : values) {
    std::string escaped;
    for (const char c : value) {
      escaped += std::string_view("*?[\\").find(c) != std::string_view::npos ? "\\" : "";
      escaped += c;
    }
    value = std::move(escaped);
  }
  return values;
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
    const std::string pattern = ExpandForRun(written, Escaped(values));
    if (!pattern.starts_with('/') || !NamesThisRun(written)) {
      throw Failure::BadInput("the profile's leftovers: `" + written +
                              "` must be an absolute path without .. and with ${pid} (no digit or "
                              "wildcard beside it), ${file_prefix} or ${run_dir} in it, for what "
                              "it matches is removed");
    }
    if (std::find(patterns_.begin(), patterns_.end(), pattern) == patterns_.end()) {
      watches_.push_back(Guardian::Get().WatchFiles(pattern));
      patterns_.push_back(pattern);
    }
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
