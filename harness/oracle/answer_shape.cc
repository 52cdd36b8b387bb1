#include "harness/oracle/answer_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace faultline {
namespace {

using nlohmann::json;

bool IsTextList(const json& list) {
  return std::all_of(list.begin(), list.end(), [](const json& item) { return item.is_string(); });
}

// Texts with numbers in them (a UUID, an address) may be others in each run.
bool IsVolatile(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

// `lack`, if it says something, below `prefix`.
std::string Below(const std::string& prefix, const std::string& lack) {
  if (lack.empty()) {
    return "";
  }
  return lack == "." ? prefix : prefix + (lack.starts_with('[') ? "" : ".") + lack;
}

std::string FindLackInList(const json& model, const json& answer) {
  if (IsTextList(model)) {
    for (const json& text : model) {
      if (!IsVolatile(text.get<std::string>()) &&
          std::find(answer.begin(), answer.end(), text) == answer.end()) {
        return fmt::format("[\"{}\"]", text.get<std::string>());
      }
    }
    return answer.size() < model.size() ? fmt::format("[{}]", answer.size()) : "";
  }
  for (size_t i = 0; i < model.size(); ++i) {
    const std::string place = fmt::format("[{}]", i);
    if (i >= answer.size()) {
      return place;
    }
    if (const std::string lack = Below(place, FindLack(model[i], answer[i])); !lack.empty()) {
      return lack;
    }
  }
  return "";
}

std::string FindLackInMap(const json& model, const json& answer) {
  for (const auto& [name, value] : model.items()) {
    const auto member = answer.find(name);
    if (member == answer.end()) {
      return name;
    }
    if (const std::string lack = Below(name, FindLack(value, *member)); !lack.empty()) {
      return lack;
    }
  }
  return "";
}

}  // namespace

std::string FindLack(const json& model, const json& answer) {
  if (model.is_number() && answer.is_number()) {
    return "";
  }
  if (model.type() != answer.type()) {
    return model.is_null() ? "" : ".";
  }
  if (model.is_array()) {
    return FindLackInList(model, answer);
  }
  if (model.is_object()) {
    return FindLackInMap(model, answer);
  }
  return model.is_boolean() && model.get<bool>() && !answer.get<bool>() ? "." : "";
}

}  // namespace faultline
