#include "harness/scenario/document.h"

#include <fmt/format.h>

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

}  // namespace faultline
