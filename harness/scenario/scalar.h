#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

// What a plain (unquoted) YAML scalar means, by YAML 1.2's core schema: no `yes`, no octal by a
// leading zero, no sexagesimal numbers. The whole text must be the value.
namespace faultline {

// Decimal or 0x..., with an optional minus.
std::optional<int64_t> ParseInteger(std::string_view text);
std::optional<double> ParseFloat(std::string_view text);
// true, True, TRUE, false, False, FALSE.
std::optional<bool> ParseBool(std::string_view text);
// null, a boolean, a number (integers up to 2^64 - 1 exactly), else the text.
nlohmann::json TypedScalar(const std::string& text);

}  // namespace faultline
