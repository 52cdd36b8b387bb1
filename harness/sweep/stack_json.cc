#include "harness/sweep/stack_json.h"

#include <algorithm>

namespace faultline {

nlohmann::json StackToJson(const Stack& stack) {
  nlohmann::json json = nlohmann::json::array();
  for (const Frame& frame : stack) {
    json.push_back(nlohmann::json::array(
        {frame.function, frame.file, frame.line, frame.module, frame.offset}));
  }
  return json;
}

Stack StackFromJson(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  Stack stack;
  try {
    for (const nlohmann::json& frame : json) {
      stack.push_back({frame.at(0), frame.at(1), frame.at(2), frame.at(3), frame.at(4)});
    }
  } catch (const nlohmann::json::exception&) {
    return {};
  }
  return stack;
}

std::string CompactText(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string PlaceOf(const Stack& stack, size_t most) {
  std::string place;
  for (size_t i = 0; i < std::min(most, stack.size()); ++i) {
    place += i == 0 ? "" : " < ";
    place += stack[i].function.empty() ? "(" + stack[i].module + ")" : stack[i].function;
  }
  return place;
}

}  // namespace faultline
