#include "harness/scenario/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "harness/base/failure.h"
#include "harness/scenario/nearest_word.h"

namespace faultline {

bool CheckVersion(MapReader& document) {
  const YamlValue* value = document.Require("faultline");
  if (value == nullptr) {
    return document.is_map();
  }
  constexpr int kAnyVersion = 1'000'000;
  const auto version = ReadInteger(*value, "`faultline`", document.context(), 1, kAnyVersion);
  if (version.has_value() && *version != kFormatVersion) {
    document.context().diagnostics.Add(
        value->position,
        fmt::format("the file has format version {}; this faultline reads version {}", *version,
                    kFormatVersion));
    return false;
  }
  return true;
}

std::vector<std::string> NamesIn(const std::filesystem::path& dir) {
  std::vector<std::string> names;
  std::error_code error;
  const std::filesystem::directory_iterator entries(dir, error);
  Failure::ThrowIfOutOfDescriptors("cannot look into " + dir.string(), error.value());
  for (const auto& entry : entries) {
    if (entry.path().extension() == ".yaml") {
      names.push_back(entry.path().stem());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::filesystem::path> FindNamed(const std::filesystem::path& dir,
                                               std::string_view what, const std::string& name,
                                               const SourcePosition& asked_at,
                                               Diagnostics& diagnostics) {
  const std::vector<std::string> known = NamesIn(dir);
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    diagnostics.Add(asked_at, fmt::format("unknown {} `{}`; expected a file {}{}", what, name,
                                          (dir / "NAME.yaml").string(), DidYouMean(name, known)));
    return std::nullopt;
  }
  return dir / (name + ".yaml");
}

}  // namespace faultline
