#include "harness/report/marked_log.h"

#include <algorithm>

namespace faultline {
namespace {

using nlohmann::json;

std::optional<int64_t> TimeOfInjection(const json& evidence) {
  const json injections = evidence.value("injections", json::array());
  if (!injections.is_array() || injections.empty() || !injections.front().is_object()) {
    return std::nullopt;
  }
  const json time = injections.front().value("time_ms", json());
  return time.is_number_integer() ? std::optional(time.get<int64_t>()) : std::nullopt;
}

}  // namespace

MarkedLog LogOf(const json& evidence) {
  MarkedLog log;
  if (!evidence.is_object()) {
    return log;
  }
  const json lines = evidence.value("log", json::array());
  const json times = evidence.value("log_ms", json::array());
  for (size_t i = 0; lines.is_array() && i < lines.size(); ++i) {
    MarkedLog::Line& line = log.lines.emplace_back();
    line.text = lines[i].is_string() ? lines[i].get<std::string>() : "";
    if (times.is_array() && i < times.size() && times[i].is_number_integer()) {
      line.time_ms = times[i].get<int64_t>();
    }
  }
  const std::optional<int64_t> injected = TimeOfInjection(evidence);
  const bool is_timed = std::all_of(log.lines.begin(), log.lines.end(),
                                    [](const MarkedLog::Line& line) { return line.time_ms; });
  if (injected && is_timed && !log.lines.empty()) {
    const auto after =
        std::find_if(log.lines.begin(), log.lines.end(),
                     [&](const MarkedLog::Line& line) { return *line.time_ms >= *injected; });
    log.injected_before = static_cast<size_t>(after - log.lines.begin());
  }
  return log;
}

}  // namespace faultline
