#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace faultline {

// The end of a target's log, as a stored run keeps it (EvidenceToJson), with the place of the
// injected call in it.
struct MarkedLog {
  struct Line {
    std::optional<int64_t> time_ms;  // since the start of the target
    std::string text;
  };
  std::vector<Line> lines;
  // The call came before this line, or after the last one when it is lines.size(); nullopt: not
  // known. A line is read after it was written, never before, so one of the same millisecond is
  // told as a consequence of the call.
  std::optional<size_t> injected_before;
};

// Of evidence of another form what is there.
MarkedLog LogOf(const nlohmann::json& evidence);

}  // namespace faultline
