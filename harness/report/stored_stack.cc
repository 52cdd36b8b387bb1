#include "harness/report/stored_stack.h"

#include <nlohmann/json.hpp>

namespace faultline {

Stack FramesOf(const std::string& stored) {
  using nlohmann::json;
  Stack stack;
  const json frames = json::parse(stored, nullptr, /*allow_exceptions=*/false);
  if (!frames.is_array()) {
    return stack;
  }
  for (const json& frame : frames) {
    if (frame.is_array() && frame.size() >= 4 && frame[0].is_string() && frame[1].is_string() &&
        frame[2].is_number_integer() && frame[3].is_string() &&
        !frame[3].get_ref<const std::string&>().starts_with("libfaultline_agent")) {
      Frame& added = stack.emplace_back();
      added.function = frame[0].get<std::string>();
      added.file = frame[1].get<std::string>();
      added.line = frame[2].get<int>();
      added.module = frame[3].get<std::string>();
      if (frame.size() >= 5 && frame[4].is_number_unsigned()) {
        added.offset = frame[4].get<uint64_t>();
      }
    }
  }
  return stack;
}

}  // namespace faultline
