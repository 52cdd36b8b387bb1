#include "harness/oracle/missing_device.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "harness/base/line_pattern.h"
#include "harness/oracle/static_place.h"

namespace faultline {
namespace {

constexpr std::string_view kMissingDeviceKind = "io-device-missing";

std::optional<uint64_t> ParseAddress(std::string_view text) {
  if (!text.starts_with("0x")) {
    return std::nullopt;
  }
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + 2, end, value, 16);
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

}  // namespace

std::vector<MissingDeviceLine> FindMissingDeviceLines(const Evidence& evidence,
                                                      const Profile& profile) {
  std::vector<MissingDeviceLine> lines;
  for (const LogPattern& log_pattern : profile.log_patterns) {
    if (log_pattern.kind != kMissingDeviceKind) {
      continue;
    }
    const LinePattern pattern(log_pattern.pattern);
    for (size_t i = 0; i < evidence.log.size(); ++i) {
      if (const auto match = pattern.Match(evidence.log[i].text)) {
        MissingDeviceLine& line = lines.emplace_back();
        line.line = i;
        const std::string object = match->size() > 1 ? (*match)[1] : "";
        line.key = ParseAddress(object);
        line.name = line.key ? "" : object;
      }
    }
  }
  std::sort(lines.begin(), lines.end(),
            [](const auto& a, const auto& b) { return a.line < b.line; });
  return lines;
}

std::vector<RegistryViolation> FindMissingDevices(const Evidence& evidence,
                                                  const Catalogue& catalogue) {
  std::vector<RegistryViolation> first_of_each;
  std::set<uint64_t> seen;
  for (const RegistryReplay& replay : ReplayRegistries(evidence, catalogue)) {
    if (replay.registry != kDeviceRegistry || !replay.complete) {
      continue;
    }
    for (const RegistryViolation& violation : replay.violations) {
      if (seen.insert(violation.key).second) {
        first_of_each.push_back(violation);
      }
    }
  }
  return first_of_each;
}

std::string DeviceVariable(const RegistryViolation& violation, const Evidence& evidence,
                           Symbolizer& symbolizer) {
  const std::optional<StaticPlace> place = FindStaticPlace(evidence.journal, violation.key);
  return place ? symbolizer.SymbolOf(place->module, place->offset).ToString() : "";
}

std::string DeviceName(const RegistryViolation& violation, const Evidence& evidence,
                       const OracleContext& context) {
  if (!violation.label.empty() || context.fault_free == nullptr) {
    return violation.label;
  }
  const std::optional<StaticPlace> place = FindStaticPlace(evidence.journal, violation.key);
  for (const StaticObject& object : context.fault_free->static_objects) {
    if (object.registry == kDeviceRegistry && object.place == place) {
      return object.label;
    }
  }
  return "";
}

std::vector<std::string> DeviceFunctions(const Catalogue& catalogue) {
  std::vector<std::string> functions;
  for (const Observer& observer : catalogue.observers) {
    if (observer.registry == kDeviceRegistry) {
      functions.insert(functions.end(), observer.symbols.begin(), observer.symbols.end());
    }
  }
  return functions;
}

}  // namespace faultline
