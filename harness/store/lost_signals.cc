#include "harness/store/lost_signals.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace faultline {

std::string TellLostSignals(const std::vector<StoredRun>& runs) {
  constexpr char kKey[] = "lost_signal";
  size_t made = 0;
  size_t lost = 0;
  std::string first;
  for (const StoredRun& run : runs) {
    made += run.alike.empty() ? 1 : 0;
    if (!run.alike.empty() || run.evidence.find(kKey) == std::string::npos) {
      continue;  // few have it, and there are many
    }
    const nlohmann::json evidence = nlohmann::json::parse(run.evidence, nullptr, false);
    if (evidence.is_object() && evidence.contains(kKey) && evidence[kKey].is_string()) {
      first = lost++ == 0 ? evidence[kKey].get<std::string>() : first;
    }
  }
  return lost == 0 ? "" : fmt::format("in {} of {} runs {}", lost, made, first);
}

}  // namespace faultline
