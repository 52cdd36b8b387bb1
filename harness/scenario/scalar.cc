#include "harness/scenario/scalar.h"

#include <charconv>

namespace faultline {
namespace {

// The whole of `text` as an integer, decimal or 0x..., with an optional minus.
template <typename Integer>
std::optional<Integer> ParseWhole(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string digits(text.substr(negative ? 1 : 0));
  const bool hexadecimal = digits.starts_with("0x") || digits.starts_with("0X");
  if (hexadecimal) {
    digits.erase(0, 2);
  }
  if (digits.empty() || digits[0] == '-' || digits[0] == '+') {
    return std::nullopt;
  }
  digits.insert(0, negative ? "-" : "");
  Integer number = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::optional<int64_t> ParseInteger(std::string_view text) { return ParseWhole<int64_t>(text); }

std::optional<double> ParseFloat(std::string_view text) {
  // YAML's floats; what from_chars also takes ("inf", "nan") has no place in JSON.
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos ||
      text.find_first_of("0123456789") == std::string_view::npos) {
    return std::nullopt;
  }
  double number = 0;
  text.remove_prefix(text.starts_with('+') ? 1 : 0);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional<double>(number)
                                                                  : std::nullopt;
}

std::optional<bool> ParseBool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") {
    return true;
  }
  if (text == "false" || text == "False" || text == "FALSE") {
    return false;
  }
  return std::nullopt;
}

nlohmann::json TypedScalar(const std::string& text) {
  if (text == "null" || text == "~" || text.empty()) {
    return nullptr;
  }
  if (const auto boolean = ParseBool(text); boolean.has_value()) {
    return *boolean;
  }
  if (const auto integer = ParseInteger(text); integer.has_value()) {
    return *integer;
  }
  if (const auto integer = ParseWhole<uint64_t>(text); integer.has_value()) {
    return *integer;
  }
  if (const auto number = ParseFloat(text); number.has_value()) {
    return *number;
  }
  return text;
}

}  // namespace faultline
