#include "harness/oracle/missing_device.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "harness/oracle/line_pattern.h"

namespace faultline {
namespace {

constexpr std::string_view kRegistry = "io_device";
constexpr std::string_view kKind = "io-device-missing";

std::optional<uint64_t> ParseAddress(std::string_view text) {
  if (!text.starts_with("0x")) {
    return std::nullopt;
  }
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + 2, end, value, 16);
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

// Where a static object lies in the files of a run: equal in every run of the same program.
struct StaticPlace {
  std::string module;  // path
  uint64_t offset = 0;

  friend bool operator==(const StaticPlace&, const StaticPlace&) = default;
};

std::optional<StaticPlace> PlaceOf(const JournalSnapshot& journal, uint64_t address) {
  for (const JournalModule& module : journal.modules) {
    const uint64_t offset = address - module.base;
    if (address >= module.base && offset >= module.text_begin && offset < module.text_end) {
      return StaticPlace{module.path, offset};
    }
  }
  return std::nullopt;
}

// The label under which a device at `place` was created in `run`.
std::string LabelAt(const StaticPlace& place, const Evidence& run) {
  for (const protocol::JournalRecord& record : run.journal.records) {
    if (record.kind == protocol::JournalRecord::kObserved && record.label[0] != '\0' &&
        record.index < run.observers.size() && run.observers[record.index].starts_with(kRegistry) &&
        PlaceOf(run.journal, record.key) == place) {
      return record.label;
    }
  }
  return "";
}

}  // namespace

std::vector<MissingDeviceLine> FindMissingDeviceLines(const Evidence& evidence,
                                                      const Profile& profile) {
  std::vector<MissingDeviceLine> lines;
  for (const LogPattern& log_pattern : profile.log_patterns) {
    if (log_pattern.kind != kKind) {
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
    if (replay.registry != kRegistry || !replay.complete) {
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
  const std::optional<StaticPlace> place = PlaceOf(evidence.journal, violation.key);
  return place ? symbolizer.SymbolName(place->module, place->offset) : "";
}

std::string DeviceName(const RegistryViolation& violation, const Evidence& evidence,
                       const OracleContext& context) {
  if (!violation.label.empty() || context.fault_free == nullptr) {
    return violation.label;
  }
  const std::optional<StaticPlace> place = PlaceOf(evidence.journal, violation.key);
  return place ? LabelAt(*place, *context.fault_free) : "";
}

std::vector<std::string> DeviceFunctions(const Catalogue& catalogue) {
  std::vector<std::string> functions;
  for (const Observer& observer : catalogue.observers) {
    if (observer.registry == kRegistry) {
      functions.insert(functions.end(), observer.symbols.begin(), observer.symbols.end());
    }
  }
  return functions;
}

}  // namespace faultline
