#include "harness/scenario/load_ready.h"

#include <fmt/format.h>

#include "harness/scenario/load_common.h"
#include "harness/scenario/scalar.h"

namespace faultline {
namespace {

constexpr int64_t kLastPort = 65'535;

// nullptr: there is no such key.
const YamlValue* ReadPlace(MapReader& map, const char* key, std::string& out) {
  const YamlValue* value = map.Find(key);
  if (value != nullptr) {
    out = ReadText(*value, fmt::format("`{}`", key), map.context(), SubstituteStage::kKeepForRun)
              .value_or("");
  }
  return value;
}

}  // namespace

bool ReadReadyFile(MapReader& map, std::string& path) {
  const YamlValue* value = ReadPlace(map, "file", path);
  if (value != nullptr && value->kind == YamlValue::Kind::kScalar && path.empty()) {
    ReportWrongType(*value, "`file`", "the path of a file or UNIX socket", map.context());
  }
  return value != nullptr;
}

bool ReadReadyPort(MapReader& map, std::string& port) {
  const YamlValue* value = ReadPlace(map, "port", port);
  if (value == nullptr || value->kind != YamlValue::Kind::kScalar ||
      port.find("${") != std::string::npos) {
    return value != nullptr;
  }
  const auto number = ParseInteger(port);
  if (!number || *number < 1 || *number > kLastPort) {
    ReportWrongType(*value, "`port`", "a number from 1 to 65535, or ${free_port}", map.context());
  }
  return true;
}

}  // namespace faultline
